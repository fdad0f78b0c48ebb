import { describe, expect, it } from "vitest";
import type { Result } from "@/contract/types";
import { hitAt, LOOKED, MOST_LANES, neighbour, Timeline, type Span } from "@/live/timeline";
import { resultFor } from "./results";

const SPAN: Span = { seconds: 60, step: 1 };
const NOW = Date.parse("2026-01-31T12:01:00Z");

function seen(secondsAgo: number, ...found: readonly (readonly [string, number])[]): Result {
  const one = resultFor("gate", Math.round(1000 - 10 * secondsAgo));
  const captured_at = new Date(NOW - 1000 * secondsAgo).toISOString();
  const detections = found.map(([label, score]) => ({ label, score, box: [0, 0, 1, 1] as const }));
  return { ...one, frame: { ...one.frame, captured_at }, detections };
}

describe("Timeline", () => {
  it("has a lane for all results, and one for each label", () => {
    const timeline = new Timeline(SPAN);
    timeline.add(seen(10, ["person", 0.9], ["car", 0.5]));
    timeline.add(seen(5));
    const lanes = timeline.lanes(NOW);
    expect(lanes.map(({ label, hits }) => [label, hits.length])).toEqual([
      [LOOKED, 2],
      ["car", 1],
      ["person", 1],
    ]);
  });

  it("keeps the best of each step, and counts its frames", () => {
    const timeline = new Timeline(SPAN);
    for (const score of [0.4, 0.8, 0.6]) timeline.add(seen(10 - score / 10, ["person", score], ["person", 0.1]));
    const [, lane] = timeline.lanes(NOW);
    expect(lane!.hits).toHaveLength(1);
    expect(lane!.hits[0]).toMatchObject({ score: 0.8, frames: 3, at: NOW - 9_920 });
  });

  it("forgets what is older than its span", () => {
    const timeline = new Timeline(SPAN);
    timeline.add(seen(59, ["person", 0.9]));
    expect(timeline.lanes(NOW)).toHaveLength(2);
    expect(timeline.lanes(NOW + 5_000)).toEqual([]);
  });

  it("shows the fullest lanes where there are too many", () => {
    const timeline = new Timeline(SPAN);
    for (let label = 0; label < 30; label++) {
      for (let second = 0; second <= label; second++) timeline.add(seen(second + 1, [`label-${label}`, 0.5]));
    }
    const labels = timeline.lanes(NOW).map(({ label }) => label);
    expect(labels).toHaveLength(MOST_LANES + 1);
    expect(labels[0]).toBe(LOOKED);
    expect(labels).toContain("label-29");
    expect(labels).not.toContain("label-3");
  });

  it("finds a mark by time, and the next one", () => {
    const timeline = new Timeline(SPAN);
    for (const ago of [30, 20, 10]) timeline.add(seen(ago, ["person", 0.9]));
    const lane = timeline.lanes(NOW)[1]!;
    expect(hitAt(lane, NOW - 20_400, 500)?.at).toBe(NOW - 20_000);
    expect(hitAt(lane, NOW - 15_000, 500)).toBeNull();
    expect(neighbour(lane, null, -1)?.at).toBe(NOW - 10_000);
    expect(neighbour(lane, NOW - 20_000, -1)?.at).toBe(NOW - 30_000);
    expect(neighbour(lane, NOW - 20_000, 1)?.at).toBe(NOW - 10_000);
    expect(neighbour(lane, NOW - 10_000, 1)?.at).toBe(NOW - 10_000);
  });
});
