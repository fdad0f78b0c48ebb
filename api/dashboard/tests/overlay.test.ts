import { describe, expect, it } from "vitest";
import type { Box, Detection } from "@/contract/types";
import { layOut, overlaps, PILL_HEIGHT, PILL_PADDING, type Canvas } from "@/paint/overlay";

const CANVAS: Canvas = { width: 320, height: 180, scale: 0.5, dpr: 1 };
const measure = (text: string): number => 6 * text.length;
const seen = (box: Box, score = 0.9, label = "car"): Detection => ({ label, score, box });

describe("layOut", () => {
  it("scales a box from pixels of the frame to pixels of the canvas", () => {
    const [mark] = layOut([seen([100, 80, 300, 200])], CANVAS, measure);
    expect(mark!.box).toEqual({ x: 50, y: 40, width: 100, height: 60 });
    expect(mark!.text).toBe("car 90%");
  });

  it.each<[string, Box, { x: number; y: number }]>([
    ["above its box", [100, 80, 300, 200], { x: 50, y: 40 - PILL_HEIGHT }],
    ["inside a box at the upper edge", [100, 10, 300, 200], { x: 50, y: 5 }],
    ["below a flat box at the upper edge of a canvas", [100, -40, 300, 6], { x: 50, y: 3 }],
    [
      "within the canvas beside its right edge",
      [620, 80, 640, 200],
      { x: 320 - 42 - 2 * PILL_PADDING, y: 40 - PILL_HEIGHT },
    ],
    ["within the canvas beside its left edge", [-30, 80, 40, 200], { x: 0, y: 40 - PILL_HEIGHT }],
  ])("puts a label %s", (_, box, place) => {
    expect(layOut([seen(box)], CANVAS, measure)[0]!.pill).toMatchObject(place);
  });

  it("puts no label on a picture that it would hide", () => {
    const [mark] = layOut([seen([100, 80, 300, 200])], { ...CANVAS, width: 180, height: 101 }, measure);
    expect(mark!.pill).toBeNull();
  });

  it("joins a person's points, and leaves out what is not sure", () => {
    const points = Array.from({ length: 17 }, (_, one) => [10 * one, 20, one === 0 ? 0.1 : 0.9]);
    const [mark] = layOut([{ ...seen([0, 0, 200, 100]), keypoints: points }], CANVAS, measure);
    expect(mark!.points).toHaveLength(16);
    // The nose is in two of the sixteen limbs.
    expect(mark!.limbs).toHaveLength(14);
    expect(mark!.limbs[0]).toEqual([
      [5, 10],
      [15, 10],
    ]);
  });

  it("joins no other model's points", () => {
    const face = {
      ...seen([0, 0, 200, 100]),
      keypoints: [
        [10, 20],
        [30, 20],
        [20, 30],
        [12, 40],
        [28, 40],
      ],
    };
    const [mark] = layOut([face], CANVAS, measure);
    expect([mark!.points.length, mark!.limbs.length]).toEqual([5, 0]);
  });

  it("lets no label cover another one", () => {
    const crowd = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4].map((score) => seen([100, 80, 300, 200], score));
    const pills = layOut(crowd, CANVAS, measure).map((mark) => mark.pill);
    const shown = pills.filter((pill) => pill !== null);
    expect(shown).toHaveLength(4);
    for (const [index, pill] of shown.entries())
      expect(shown.slice(index + 1).some((other) => overlaps(pill, other))).toBe(false);
    expect(pills.slice(4)).toEqual([null, null]);
  });

  it("gives the strongest detection the first choice, whatever order they come in", () => {
    const marks = layOut([seen([100, 80, 300, 200], 0.5), seen([104, 80, 300, 200], 0.9)], CANVAS, measure);
    expect(marks.map((mark) => mark.text)).toEqual(["car 90%", "car 50%"]);
    expect(marks[0]!.pill!.y).toBe(40 - PILL_HEIGHT);
  });

  it("scales keypoints, with or without a score of their own", () => {
    const face = {
      ...seen([0, 0, 100, 100]),
      keypoints: [
        [10, 20],
        [30, 40, 0.7],
      ],
    };
    expect(layOut([face], CANVAS, measure)[0]!.points).toEqual([
      [5, 10],
      [15, 20],
    ]);
  });
});
