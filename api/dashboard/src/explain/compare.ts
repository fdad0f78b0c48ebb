/** Two results of one frame beside each other: which detections are the same things. */

import type { Box, Detection } from "@/contract/types";

export interface Pair {
  readonly label: string;
  /** What the second result calls it, where that is something else. */
  readonly otherLabel: string | null;
  /** Null: that result does not have it. */
  readonly score: number | null;
  readonly otherScore: number | null;
  /** How much the boxes have in common, 0 to 1. */
  readonly overlap: number | null;
}

/** Boxes that have less in common are of different things. */
const SAME = 0.5;

/** The detections of both, the best pairs first, then what only one has, by score. */
export function compare(ours: readonly Detection[], theirs: readonly Detection[]): readonly Pair[] {
  const candidates = ours
    .flatMap((one) => theirs.map((other) => ({ one, other, overlap: overlap(one.box, other.box) })))
    .filter((candidate) => candidate.overlap >= SAME)
    .sort(
      (a, b) => Number(b.one.label === b.other.label) - Number(a.one.label === a.other.label) || b.overlap - a.overlap,
    );
  const taken = new Set<Detection>();
  const pairs: Pair[] = [];
  for (const candidate of candidates) {
    if (taken.has(candidate.one) || taken.has(candidate.other)) continue;
    taken.add(candidate.one).add(candidate.other);
    pairs.push(paired(candidate.one, candidate.other, candidate.overlap));
  }
  const left = [
    ...ours.filter((one) => !taken.has(one)).map((one) => paired(one, null, null)),
    ...theirs.filter((other) => !taken.has(other)).map((other) => paired(null, other, null)),
  ];
  const strength = (pair: Pair): number => Math.max(pair.score ?? 0, pair.otherScore ?? 0);
  return [...pairs.sort((a, b) => strength(b) - strength(a)), ...left.sort((a, b) => strength(b) - strength(a))];
}

function paired(one: Detection | null, other: Detection | null, common: number | null): Pair {
  const label = one?.label ?? other?.label ?? "";
  return {
    label,
    otherLabel: other && other.label !== label ? other.label : null,
    score: one?.score ?? null,
    otherScore: other?.score ?? null,
    overlap: common,
  };
}

/** The area that two boxes share, of the area that they cover. */
export function overlap(one: Box, other: Box): number {
  const across = Math.min(one[2], other[2]) - Math.max(one[0], other[0]);
  const down = Math.min(one[3], other[3]) - Math.max(one[1], other[1]);
  if (across <= 0 || down <= 0) return 0;
  const shared = across * down;
  return shared / (area(one) + area(other) - shared);
}

const area = (box: Box): number => (box[2] - box[0]) * (box[3] - box[1]);
