/** The order of the tiles: trouble first, and steady, so that nothing jumps about under somebody's eyes. Pure. */

import type { Tone } from "@/live/state";

/** Milliseconds that a tile must be worse, or better, than its place says before it gets another one. */
export const WORSE_MS = 2_000;
export const BETTER_MS = 10_000;

const RANKS: Readonly<Record<Tone, number>> = { bad: 0, warn: 1, busy: 2, good: 3, idle: 3 };

/** How far in front a tile belongs: 0 is failed, 1 silent, 2 on its way, 3 all else. */
export const rankOf = (view: { readonly state: { readonly tone: Tone } }): number => RANKS[view.state.tone];

export interface Ranked {
  readonly key: string;
  readonly rank: number;
}

interface Place {
  rank: number;
  /** The rank that it would have now, and since when. */
  wanted: number;
  since: number;
}

export class Arrangement {
  readonly #places = new Map<string, Place>();

  /** `tiles` in their order at `now`, in milliseconds of a clock that never goes back. */
  arrange<T extends Ranked>(tiles: readonly T[], now: number): T[] {
    const keys = new Set(tiles.map(({ key }) => key));
    for (const key of this.#places.keys()) if (!keys.has(key)) this.#places.delete(key);
    const ranks = new Map(tiles.map((tile) => [tile.key, this.#settle(tile, now)]));
    return [...tiles].sort(
      (one, other) => ranks.get(one.key)! - ranks.get(other.key)! || one.key.localeCompare(other.key),
    );
  }

  #settle({ key, rank }: Ranked, now: number): number {
    const place = this.#places.get(key) ?? { rank, wanted: rank, since: now };
    this.#places.set(key, place);
    if (rank !== place.wanted) {
      place.wanted = rank;
      place.since = now;
    }
    if (now - place.since >= (rank < place.rank ? WORSE_MS : BETTER_MS)) place.rank = rank;
    return place.rank;
  }
}
