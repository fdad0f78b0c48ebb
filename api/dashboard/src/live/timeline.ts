/** What was seen when: a lane for each label, in steps of time, in bounded memory. Pure. */

import type { Result } from "@/contract/types";
import { wholeFrame } from "@/live/crops";

/** What was seen within one step: the detection with the highest score stands for all. */
export interface Hit {
  /** Of that detection's frame. */
  readonly address: string;
  /** When it was captured, in milliseconds since 1970. */
  readonly at: number;
  readonly score: number;
  /** Frames of this step in which the label was seen. */
  readonly frames: number;
}

export interface Lane {
  readonly label: string;
  /** By step, oldest first. */
  readonly hits: readonly Hit[];
}

export interface Span {
  /** Seconds that are shown, and that one step of it has. */
  readonly seconds: number;
  readonly step: number;
}

export const SPANS: readonly Span[] = [
  { seconds: 120, step: 0.5 },
  { seconds: 600, step: 2 },
  { seconds: 3600, step: 10 },
];

/** Lanes that are shown; what a camera sees seldom is in its results all the same. */
export const MOST_LANES = 12;
/** Labels that are remembered, whatever a model makes up. */
const MOST_LABELS = 200;

/** The lane of all results, whatever was seen in them: where it has gaps, nobody looked. */
export const LOOKED = "";

export class Timeline {
  readonly #span: Span;
  readonly #lanes = new Map<string, Map<number, Hit>>();

  constructor(span: Span) {
    this.#span = span;
  }

  /** Takes a result, in any order. */
  add(result: Result): void {
    const at = Date.parse(result.frame.captured_at);
    if (Number.isNaN(at)) return;
    const { address } = wholeFrame(result.frame);
    const best = new Map<string, number>([[LOOKED, 0]]);
    for (const { label, score } of result.detections) best.set(label, Math.max(score, best.get(label) ?? 0));
    for (const [label, score] of best) this.#hit(label, { address, at, score, frames: 1 });
  }

  /** The lanes at `now`, in milliseconds since 1970: first that of all results, then by label; what is older goes. */
  lanes(now: number): Lane[] {
    const oldest = this.#stepOf(now - 1000 * this.#span.seconds);
    for (const [label, steps] of this.#lanes) {
      for (const step of steps.keys()) if (step < oldest) steps.delete(step);
      if (steps.size === 0) this.#lanes.delete(label);
    }
    return [...this.#lanes]
      .sort(([one, first], [other, second]) => (first === second ? 0 : rank(one, first) - rank(other, second)))
      .slice(0, MOST_LANES + 1)
      .sort(([one], [other]) => one.localeCompare(other))
      .map(([label, steps]) => ({
        label,
        hits: [...steps].sort(([one], [other]) => one - other).map(([, hit]) => hit),
      }));
  }

  #hit(label: string, hit: Hit): void {
    let steps = this.#lanes.get(label);
    if (!steps) {
      if (this.#lanes.size >= MOST_LABELS) return;
      this.#lanes.set(label, (steps = new Map<number, Hit>()));
    }
    const step = this.#stepOf(hit.at);
    const before = steps.get(step);
    if (!before) steps.set(step, hit);
    else steps.set(step, { ...(hit.score > before.score ? hit : before), frames: before.frames + 1 });
  }

  #stepOf(at: number): number {
    return Math.floor(at / (1000 * this.#span.step));
  }
}

/** The fullest lanes first; that of all results before them. */
const rank = (label: string, steps: Map<number, Hit>): number => (label === LOOKED ? -Infinity : -steps.size);

/** The hit of `lane` that is nearest to `at`, where one is within `reach` milliseconds of it. */
export function hitAt(lane: Lane, at: number, reach: number): Hit | null {
  let nearest: Hit | null = null;
  for (const hit of lane.hits) {
    const distance = Math.abs(hit.at - at);
    if (distance <= reach && (!nearest || distance < Math.abs(nearest.at - at))) nearest = hit;
  }
  return nearest;
}

/** The hit after `at`, or before it; the last one that there is where none is. */
export function neighbour(lane: Lane, at: number | null, direction: 1 | -1): Hit | null {
  if (at === null) return lane.hits.at(-1) ?? null;
  if (direction > 0) return lane.hits.find((hit) => hit.at > at) ?? lane.hits.at(-1) ?? null;
  return lane.hits.findLast((hit) => hit.at < at) ?? lane.hits[0] ?? null;
}
