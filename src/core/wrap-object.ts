// Replaces some members of an object. Callers name only the replaced members.

/**
 * Returns a wrapper of the object that replaces some members. All other members, including getters, come from the
 * object. In methods of the object, `this` is the object itself, not the wrapper. A member that is replaced by
 * undefined is absent.
 */
export function wrapObject<T extends object, O extends Partial<Record<keyof T, unknown>>>(
  object: T,
  overrides: O & ThisType<T>,
): T {
  return new Proxy(object, {
    get(target, key) {
      if (Object.hasOwn(overrides, key)) return Reflect.get(overrides, key);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
    has: (target, key) => (Object.hasOwn(overrides, key) ? Reflect.get(overrides, key) !== undefined : key in target),
  });
}
