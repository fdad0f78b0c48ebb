import { describe, expect, it } from "vitest";
import type { Result } from "@/contract/types";
import { Crops, wholeFrame } from "@/live/crops";
import { resultFor } from "./results";

const crop = (address: string, index: number, x: number): Result => ({
  ...resultFor("gate", 70_000 + index, 1, "pose"),
  frame: {
    ...resultFor("gate", 70_000 + index, 1, "pose").frame,
    parent: { address, index, map: [0.5, 0, x, 0, 2, 10] },
  },
  detections: [{ label: "person", score: 0.9, box: [0, 0, 100, 50], keypoints: [[20, 5, 0.7]] }],
});

describe("wholeFrame", () => {
  it("is the frame that a crop was cut out of, with that one's seq and address", () => {
    expect(wholeFrame(crop("object-detection/1/5", 3, 0).frame)).toMatchObject({
      seq: 7,
      address: "object-detection/1/5",
    });
  });
});

describe("Crops", () => {
  it("brings boxes and points to where they are in the whole frame", () => {
    const gathered = new Crops().gather(crop("object-detection/1/5", 0, 200));
    expect(gathered.detections).toEqual([
      { label: "person", score: 0.9, box: [200, 10, 250, 110], keypoints: [[210, 20, 0.7]] },
    ]);
    expect(gathered.frame).toMatchObject({ address: "object-detection/1/5", seq: 7 });
  });

  it("gathers the crops of one frame, each once, and begins anew with the next frame", () => {
    const crops = new Crops();
    crops.gather(crop("object-detection/1/5", 0, 0));
    crops.gather(crop("object-detection/1/5", 1, 100));
    const again = crops.gather(crop("object-detection/1/5", 1, 300));
    expect(again.detections.map(({ box }) => box[0])).toEqual([0, 300]);
    expect(crops.gather(crop("object-detection/1/6", 0, 0)).detections).toHaveLength(1);
  });

  it("leaves whole frames alone", () => {
    const whole = resultFor("gate", 3);
    expect(new Crops().gather(whole)).toBe(whole);
  });
});
