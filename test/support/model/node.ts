// One data node's memory, as a mechanism: rings of request bodies, memcaches that fill and are flushed behind the writes'
// back, copies of what is worked on. Nothing here holds a write back; that is the point.

import { type ClusterShape, type MemoryConstants, MiB } from './shape.js';

interface Vnode {
  /** Sizes of the last bodies, newest written over oldest. */
  readonly ring: number[];
  next: number;
  memcache: number;
}

export class ModelNode {
  readonly #constants: MemoryConstants;
  readonly #rowsPerBodyByte: number;
  readonly #full: number;
  readonly #vnodes = new Map<number, Vnode>();
  #ringed = 0;
  #open = 0;
  #flushing = 0;
  #flushed = 0;
  #settledAt = 0;
  /** Bytes of bodies it was handed and has not answered. */
  inFlight = 0;
  flushRate: number;
  slow = 1;
  up = true;
  peak = 0;
  /** Unflushed bytes as its metrics page has them. */
  gauge = 0;

  constructor(shape: ClusterShape, constants: MemoryConstants) {
    this.#constants = constants;
    this.#rowsPerBodyByte = shape.rowsPerBodyByte ?? constants.rowsPerBodyByte;
    this.#full = shape.memcacheMiB * MiB;
    this.flushRate = shape.flushMiBPerSecond;
  }

  /** A part of a body was applied. */
  append(vnode: number, bytes: number): void {
    const { ringBodies } = this.#constants;
    const rows = bytes * this.#rowsPerBodyByte;
    const held = this.#vnode(vnode);
    this.#ringed += bytes - (held.ring[held.next] ?? 0);
    held.ring[held.next] = bytes;
    held.next = (held.next + 1) % ringBodies;
    held.memcache += rows;
    this.#open += rows;
    if (held.memcache >= this.#full) this.#seal(held);
  }

  /** COMPACT: every memcache is to be written. Returns the count of `flushed` at which that is done. */
  sealAll(): number {
    for (const vnode of this.#vnodes.values()) this.#seal(vnode);
    return this.#flushed + this.#flushing;
  }

  get flushed(): number {
    return this.#flushed;
  }

  /** ms until everything that is to be written just now will be. */
  get flushesForMs(): number {
    return (this.#flushing / (this.flushRate * MiB)) * 1000;
  }

  /** Bytes that count for the pool. */
  get pooled(): number {
    return this.#open + this.#flushing;
  }

  get resident(): number {
    const { baseMiB, perMemcacheByte, perRingByte, perByteInFlight } = this.#constants;
    const rest = perMemcacheByte * this.pooled + perRingByte * this.#ringed + perByteInFlight * this.inFlight;
    return baseMiB * MiB + rest;
  }

  /** Flushes up to `now`. Memory is given back as it is written: the peaks on record leave no room for more. */
  settle(now: number): void {
    const written = Math.min(this.#flushing, ((now - this.#settledAt) / 1000) * this.flushRate * MiB);
    this.#flushing = Math.max(0, this.#flushing - written);
    this.#flushed += written;
    this.#settledAt = now;
  }

  /** Comes back with what the log held: memcaches as they were, rings empty. */
  restart(): void {
    this.up = true;
    this.inFlight = 0;
    this.#ringed = 0;
    for (const vnode of this.#vnodes.values()) {
      vnode.ring.length = 0;
      vnode.next = 0;
    }
  }

  #seal(vnode: Vnode): void {
    this.#open -= vnode.memcache;
    this.#flushing += vnode.memcache;
    vnode.memcache = 0;
  }

  #vnode(number: number): Vnode {
    const found = this.#vnodes.get(number);
    if (found !== undefined) return found;
    const made: Vnode = { ring: [], next: 0, memcache: 0 };
    this.#vnodes.set(number, made);
    return made;
  }
}
