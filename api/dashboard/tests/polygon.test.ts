import { describe, expect, it } from "vitest";
import type { Polygon } from "@/contract/types";
import { AreaEditing } from "@/polygon/editing";
import { areaOf, crossings, faultOf, middleOf, placed } from "@/polygon/geometry";

const SQUARE: Polygon = [
  [0.2, 0.2],
  [0.6, 0.2],
  [0.6, 0.6],
  [0.2, 0.6],
];
const BOW: Polygon = [
  [0, 0],
  [1, 1],
  [1, 0],
  [0, 1],
];

describe("geometry", () => {
  it.each<[string, Polygon, string | null]>([
    ["a square", SQUARE, null],
    [
      "an arrow that points inwards",
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0.5, 0.5],
      ],
      null,
    ],
    ["two points", SQUARE.slice(0, 2), "An area has at least 3 points."],
    [
      "65 points",
      Array.from({ length: 65 }, (_, one) => [one / 100, (one % 2) / 2] as const),
      "An area has at most 64 points.",
    ],
    ["the first point again", [...SQUARE, [0.2, 0.2]], "Two points are at one place."],
    ["a bow", BOW, "Its edges cross."],
    [
      "an edge that touches a point",
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0.5, 0],
        [0, 1],
      ],
      "Its edges cross.",
    ],
    [
      "a line",
      [
        [0, 0],
        [0.5, 0.5],
        [1, 1],
      ],
      "Its points are on one line.",
    ],
  ])("judges %s", (_, points, fault) => expect(faultOf(points)).toBe(fault));

  it("says which edges cross", () => expect(crossings(BOW)).toEqual([[0, 2]]));
  it("measures an area", () => expect(areaOf(SQUARE)).toBeCloseTo(0.16));
  it("finds the middle of the last edge", () => expect(middleOf(SQUARE, 3)).toEqual([0.2, 0.4]));
  it("keeps points in the picture, in four digits", () => expect(placed(-0.2, 0.123456)).toEqual([0, 0.1235]));
});

describe("AreaEditing", () => {
  function drawn(): AreaEditing {
    const editing = new AreaEditing(null, []);
    editing.begin("mask");
    for (const point of SQUARE) editing.append(point);
    editing.close();
    return editing;
  }

  it("draws an area point by point", () => {
    const editing = drawn();
    expect(editing.masks).toEqual([SQUARE]);
    expect(editing.roi).toBeNull();
    expect(editing.drawing.value.open).toBe(false);
  });

  it("adds nothing to an area that is closed", () => {
    const editing = drawn();
    editing.append([0.9, 0.9]);
    expect(editing.masks).toEqual([SQUARE]);
  });

  it("inserts, moves and removes points", () => {
    const editing = drawn();
    editing.insert(0);
    editing.move(1, [0.4, 0.1]);
    expect(editing.points[1]).toEqual([0.4, 0.1]);
    editing.removePoint(0);
    expect(editing.masks).toEqual([[[0.4, 0.1], ...SQUARE.slice(1)]]);
  });

  it("takes steps back and forth", () => {
    const editing = drawn();
    editing.move(0, [0.1, 0.1]);
    editing.undo();
    expect(editing.masks).toEqual([SQUARE]);
    editing.redo();
    expect(editing.points[0]).toEqual([0.1, 0.1]);
    while (editing.canUndo.value) editing.undo();
    expect(editing.masks).toEqual([]);
  });

  it("takes a drag back in one step", () => {
    const editing = drawn();
    for (let x = 0.2; x < 0.5; x += 0.01) editing.move(0, [x, 0.2], "drag 1");
    editing.move(0, [0.1, 0.3], "drag 2");
    editing.undo();
    expect(editing.points[0]![0]).toBeGreaterThan(0.45);
    editing.undo();
    expect(editing.points[0]).toEqual([0.2, 0.2]);
  });

  it("takes an area away with its third last point, and brings it back", () => {
    const editing = drawn();
    editing.removePoint(3);
    editing.removePoint(0);
    expect(editing.masks).toEqual([]);
    editing.undo();
    expect(editing.masks).toEqual([SQUARE.slice(0, 3)]);
  });

  it("has one region of interest, which comes first", () => {
    const editing = new AreaEditing(null, [SQUARE]);
    editing.begin("roi");
    for (const point of SQUARE) editing.append(point);
    editing.begin("roi");
    expect(editing.drawing.value).toMatchObject({ active: 0, open: false });
    expect([editing.roi, editing.masks]).toEqual([SQUARE, [SQUARE]]);
  });

  it("leaves no area without points behind", () => {
    const editing = new AreaEditing(null, [SQUARE]);
    editing.begin("mask");
    editing.close();
    expect(editing.drawing.value.areas).toHaveLength(1);
    editing.begin("mask");
    editing.select(0);
    expect(editing.drawing.value.areas).toHaveLength(1);
  });
});
