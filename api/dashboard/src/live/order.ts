/** Newest wins: results come spread over partitions, so they may overtake each other. */

import type { FrameReference } from "@/contract/types";

/** Where a frame stands among those of its camera and model. */
export type Position = Pick<FrameReference, "run" | "seq">;

/** Whether `frame` was captured after `other`: by run, then by seq, as Framebus counts them. */
export function isNewer(frame: Position, other: Position): boolean {
  return frame.run === other.run ? frame.seq > other.seq : frame.run > other.run;
}
