/** What second stages saw, in the pixels of the frame that their crops were cut out of: pure. */

import type { Affine, Box, Detection, FrameReference, Result } from "@/contract/types";

/** What a crop's seq counts with: detections of one frame that may have crops. */
const PLACES = 10_000;

/** `frame` of a crop as the one that it was cut out of, but for its size, which only its picture has. */
export function wholeFrame(frame: FrameReference): FrameReference {
  const { parent } = frame;
  return parent ? { ...frame, seq: Math.floor(frame.seq / PLACES), address: parent.address } : frame;
}

/** Gathers what was seen in the crops of one frame; results of whole frames pass as they are. */
export class Crops {
  #address = "";
  readonly #byIndex = new Map<number, readonly Detection[]>();

  /** `result` with its detections in the whole frame, and those of that frame's other crops. */
  gather(result: Result): Result {
    const { parent } = result.frame;
    if (!parent) return result;
    if (parent.address !== this.#address) this.#byIndex.clear();
    this.#address = parent.address;
    const found = result.detections.map((detection) => moved(detection, parent.map));
    this.#byIndex.set(parent.index, found);
    return { ...result, frame: wholeFrame(result.frame), detections: [...this.#byIndex.values()].flat() };
  }
}

function moved(found: Detection, map: Affine): Detection {
  const [x1, y1, x2, y2] = found.box;
  const corners = [
    [x1, y1],
    [x2, y1],
    [x1, y2],
    [x2, y2],
  ].map((corner) => point(corner, map));
  const xs = corners.map(([x = 0]) => x);
  const ys = corners.map(([, y = 0]) => y);
  const box: Box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  return { ...found, box, ...(found.keypoints && { keypoints: found.keypoints.map((one) => point(one, map)) }) };
}

function point([x = 0, y = 0, ...rest]: readonly number[], [a, b, c, d, e, f]: Affine): number[] {
  return [a * x + b * y + c, d * x + e * y + f, ...rest];
}
