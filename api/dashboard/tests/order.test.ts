import { describe, expect, it } from "vitest";
import { isNewer } from "@/live/order";
import { resultFor } from "./results";

describe("isNewer", () => {
  it.each([
    { frame: [1, 5], other: [1, 4], newer: true },
    { frame: [1, 4], other: [1, 5], newer: false },
    { frame: [1, 5], other: [1, 5], newer: false },
    { frame: [2, 0], other: [1, 900], newer: true },
    { frame: [1, 900], other: [2, 0], newer: false },
  ])("run and seq $frame after $other: $newer", ({ frame, other, newer }) => {
    const at = ([run, seq]: number[]) => resultFor("a", seq!, run!).frame;
    expect(isNewer(at(frame), at(other))).toBe(newer);
  });
});
