/** The frames of a camera before and after one: by run and seq, since partitions have no common order. */

import type { FrameReference, Result } from "@/contract/types";
import { isNewer, type Position } from "@/live/order";

export interface Neighbours {
  readonly before: FrameReference | null;
  readonly after: FrameReference | null;
}

/** The nearest on both sides of `frame` among `results` of its camera and model. */
export function neighboursOf(frame: Position, results: readonly Result[]): Neighbours {
  let before: FrameReference | null = null;
  let after: FrameReference | null = null;
  for (const { frame: one } of results) {
    if (isNewer(one, frame)) {
      if (!after || isNewer(after, one)) after = one;
    } else if (isNewer(frame, one)) {
      if (!before || isNewer(one, before)) before = one;
    }
  }
  return { before, after };
}
