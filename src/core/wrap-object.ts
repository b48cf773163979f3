// Replaces some members of an object. Callers name only the replaced members.

/**
 * Returns the object with some members replaced. All other members, including getters, come from the original object,
 * which is also `this` in its methods. A member that is replaced by undefined is absent.
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
