// A model of the memory of one data node: rings of request bodies, memcaches that fill and are flushed in the background,
// and copies of bodies in work. As in the server, nothing delays a write.

import { type ClusterShape, type MemoryConstants, MiB } from './shape.js';

interface Vnode {
  /** Retained bytes of the last bodies; the newest replaces the oldest. */
  readonly ring: number[];
  next: number;
  memcache: number;
}

export class ModelNode {
  readonly #constants: MemoryConstants;
  readonly #rowsPerBodyByte: number;
  readonly #retainedPerBodyByte: number;
  readonly #full: number;
  readonly #vnodes = new Map<number, Vnode>();
  #ringed = 0;
  #open = 0;
  #flushing = 0;
  #flushed = 0;
  #settledAt = 0;
  /** Bytes of received bodies without a response. */
  inFlight = 0;
  flushRate: number;
  slow = 1;
  up = true;
  peak = 0;
  /** Unflushed bytes on the metrics page. */
  gauge = 0;

  constructor(shape: ClusterShape, constants: MemoryConstants) {
    this.#constants = constants;
    this.#rowsPerBodyByte = shape.rowsPerBodyByte ?? constants.rowsPerBodyByte;
    this.#retainedPerBodyByte = shape.retainedPerBodyByte ?? 1;
    this.#full = shape.memcacheMiB * MiB;
    this.flushRate = shape.flushMiBPerSecond;
    this.peak = this.resident;
  }

  /** A part of a body was applied. */
  append(vnode: number, bytes: number): void {
    const { ringBodies } = this.#constants;
    const rows = bytes * this.#rowsPerBodyByte;
    const retained = bytes * this.#retainedPerBodyByte;
    const held = this.#vnode(vnode);
    this.#ringed += retained - (held.ring[held.next] ?? 0);
    held.ring[held.next] = retained;
    held.next = (held.next + 1) % ringBodies;
    held.memcache += rows;
    this.#open += rows;
    if (held.memcache >= this.#full) this.#seal(held);
  }

  /** COMPACT: writes every memcache. Returns the count of `flushed` at which it is complete. */
  sealAll(): number {
    for (const vnode of this.#vnodes.values()) this.#seal(vnode);
    return this.#flushed + this.#flushing;
  }

  get flushed(): number {
    return this.#flushed;
  }

  /** Returns the ms until all pending memcaches are written. */
  get flushesForMs(): number {
    return (this.#flushing / (this.flushRate * MiB)) * 1000;
  }

  /** Bytes that the pool counts. */
  get pooled(): number {
    return this.#open + this.#flushing;
  }

  get resident(): number {
    const { baseMiB, perVnodeMiB, perMemcacheByte, perRingByte, perByteInFlight } = this.#constants;
    const rest = perMemcacheByte * this.pooled + perRingByte * this.#ringed + perByteInFlight * this.inFlight;
    return (baseMiB + perVnodeMiB * this.#vnodes.size) * MiB + rest;
  }

  /** Flushes up to `now`. Memory is freed as it is written; the recorded peaks allow nothing more. */
  settle(now: number): void {
    const written = Math.min(this.#flushing, ((now - this.#settledAt) / 1000) * this.flushRate * MiB);
    this.#flushing = Math.max(0, this.#flushing - written);
    this.#flushed += written;
    this.#settledAt = now;
  }

  /** Restarts from the log: memcaches as before, rings empty. */
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
