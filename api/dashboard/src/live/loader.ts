/**
 * Decides which picture is fetched next. Browsers allow six connections to a server: one is the stream's, one the
 * polls', and the pictures share four, fairly between the tiles. Newest wins: what a tile is offered while it is busy
 * replaces what it was offered before. Only painting skips; the results themselves are all in the log.
 */

import type { Result } from "@/contract/types";

export const CONNECTIONS = 4;
/** The most for one tile, and for the whole wall: a crowded wall slows down, so that its cost has a bound. */
export const PAINTS_PER_SECOND = 15;
export const PAINTS_OF_ALL = 48;

export interface Clock {
  now(): number;
  /** Calls `wake` after `ms`; returns what cancels it. */
  after(ms: number, wake: () => void): () => void;
}

/** Fetches and paints one result; it reports its own faults and never rejects. */
export type Show = (result: Result) => Promise<void>;

class Lane {
  pending: Result | null = null;
  busy = false;
  visible = false;
  held = false;
  /** When the next picture may start, and when the last one did. */
  due = 0;
  started = -Infinity;

  constructor(readonly show: Show) {}

  get wants(): boolean {
    return this.pending !== null && !this.busy && this.visible && !this.held;
  }
}

export class PictureLoader {
  readonly #lanes = new Map<string, Lane>();
  readonly #clock: Clock;
  #busy = 0;
  #paused = false;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds a tile that paints with `show`; it is invisible until `setVisible`. */
  add(key: string, show: Show): void {
    this.#lanes.set(key, new Lane(show));
  }

  /** Forgets a tile; a picture that it is fetching is finished. */
  remove(key: string): void {
    this.#lanes.delete(key);
  }

  /** Offers a tile its newest result. */
  offer(key: string, result: Result): void {
    const lane = this.#lanes.get(key);
    if (!lane) return;
    lane.pending = result;
    this.#pump();
  }

  /** Tiles that nobody sees load nothing. */
  setVisible(key: string, visible: boolean): void {
    this.#change(key, (lane) => (lane.visible = visible));
  }

  /** A held tile keeps the picture that it shows. */
  setHeld(key: string, held: boolean): void {
    this.#change(key, (lane) => (lane.held = held));
  }

  /** Stops all loading, as while the page is in the background. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#pump();
  }

  #change(key: string, change: (lane: Lane) => void): void {
    const lane = this.#lanes.get(key);
    if (!lane) return;
    change(lane);
    this.#pump();
  }

  #pump(): void {
    this.#cancel?.();
    this.#cancel = null;
    if (this.#paused) return;
    const now = this.#clock.now();
    const waiting = [...this.#lanes.values()].filter((lane) => lane.wants);
    const ready = waiting.filter((lane) => lane.due <= now).sort((one, other) => one.started - other.started);
    for (const lane of ready.slice(0, CONNECTIONS - this.#busy)) this.#start(lane, now);
    const next = Math.min(...waiting.filter((lane) => lane.due > now).map((lane) => lane.due));
    if (next < Infinity && this.#busy < CONNECTIONS) this.#cancel = this.#clock.after(next - now, () => this.#pump());
  }

  /** Milliseconds between two paints of a tile. */
  #interval(): number {
    const seen = [...this.#lanes.values()].filter((lane) => lane.visible && !lane.held).length;
    return 1000 * Math.max(1 / PAINTS_PER_SECOND, seen / PAINTS_OF_ALL);
  }

  #start(lane: Lane, now: number): void {
    const result = lane.pending;
    if (!result) return;
    lane.pending = null;
    lane.busy = true;
    lane.started = now;
    // A late start may be made up for by half an interval: jitter must not lower the rate.
    const interval = this.#interval();
    lane.due = Math.max(lane.due, now - interval / 2) + interval;
    this.#busy++;
    void lane.show(result).finally(() => {
      lane.busy = false;
      this.#busy--;
      this.#pump();
    });
  }
}
