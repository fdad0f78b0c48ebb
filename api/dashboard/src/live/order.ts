/** Newest wins: results come spread over partitions, so they may overtake each other. */

import type { FrameReference } from "@/contract/types";

/** Whether `frame` was captured after `other`: by run, then by seq, as Framebus counts them. */
export function isNewer(frame: FrameReference, other: FrameReference): boolean {
  return frame.run === other.run ? frame.seq > other.seq : frame.run > other.run;
}
