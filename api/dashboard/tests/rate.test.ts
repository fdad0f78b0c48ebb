import { describe, expect, it } from "vitest";
import { Rate } from "@/live/rate";

function after(times: Iterable<number>): Rate {
  const rate = new Rate();
  for (const time of times) rate.add(time);
  return rate;
}

const every = (ms: number, from: number, to: number): number[] =>
  Array.from({ length: Math.ceil((to - from) / ms) }, (_, index) => from + index * ms);

describe("Rate", () => {
  it.each([
    ["nothing", [], 10_000, 0],
    ["a steady rate", every(40, 0, 10_000), 9_999, 25],
    ["a slow rate", every(500, 0, 20_000), 19_999, 2],
    ["only what came lately", [...every(10, 0, 5_000), ...every(100, 5_000, 12_000)], 11_999, 10],
    ["nothing after silence", every(40, 0, 2_000), 60_000, 0],
    ["the first second", every(100, 5_000, 5_500), 5_500, 5],
  ])("counts %s", (_, times, now, expected) => {
    expect(after(times).perSecond(now)).toBeGreaterThanOrEqual(expected * 0.95);
    expect(after(times).perSecond(now)).toBeLessThanOrEqual(expected * 1.08);
  });
});
