import { describe, expect, it } from "vitest";
import type { Sample } from "@/contract/models";
import { byMinute, columns, inWords, range, reach, top } from "@/models/series";
import { rate } from "@/text/format";

const sample = (at: string, arrival_fps: number | null): Sample => ({
  ...{ inferred_fps: 1, skipped_fps: 0, capacity_fps: 2, lag: 0, lag_s: 0, replicas: 1 },
  at,
  arrival_fps,
});
const SAMPLES = [
  sample("2026-01-31T12:00:00Z", 10),
  sample("2026-01-31T12:00:55Z", null),
  sample("2026-01-31T12:01:00Z", 14),
  sample("2026-01-31T12:01:30Z", 12),
];

describe("a model's last minutes", () => {
  it("are columns", () => {
    const [times, arrivals, inferred] = columns(SAMPLES, ["arrival_fps", "inferred_fps"]);
    expect(times[1]! - times[0]!).toBe(55);
    expect(arrivals).toEqual([10, undefined, 14, 12]);
    expect(inferred).toEqual([1, 1, 1, 1]);
  });

  it.each<[(number | null)[], (number | null | undefined)[]]>([
    [
      [1, null, null, null, 2],
      [1, undefined, undefined, undefined, 2],
    ],
    [
      [1, null, null, null, null, 2],
      [1, null, null, null, null, 2],
    ],
    [
      [null, 1, null],
      [null, 1, null],
    ],
  ])("are lines that go on over a look that is missing, and not over an outage: %o", (values, expected) => {
    const samples = values.map((value) => sample("2026-01-31T12:00:00Z", value));
    expect(columns(samples, ["arrival_fps"])[1]).toEqual(expected);
  });

  it("are words for those who see no chart", () => {
    expect(inWords(SAMPLES, "arrival_fps", "arriving", rate)).toBe("arriving 10.0 to 14.0, 12.0 at last");
    expect(inWords(SAMPLES, "inferred_fps", "inferred", rate)).toBe("inferred 1.0");
    expect(inWords([sample("2026-01-31T12:00:00Z", null)], "arrival_fps", "arriving", rate)).toBe("arriving not known");
  });

  it("are a table with the last of each minute, newest first", () => {
    expect(byMinute(SAMPLES).map(({ at }) => at)).toEqual(["2026-01-31T12:01:30Z", "2026-01-31T12:00:55Z"]);
  });

  it("have a range only where something is known", () => {
    expect(range(SAMPLES, "arrival_fps")).toEqual([10, 14]);
    expect(range([], "lag")).toBeNull();
  });
});

describe("reach", () => {
  const until = (at: string): Sample[] => [sample("2026-01-31T12:00:00Z", 1), sample(at, 1)];

  it.each([
    ["2026-01-31T12:00:05Z", 120],
    ["2026-01-31T12:04:00Z", 240],
    ["2026-01-31T12:30:00Z", 900],
  ])("until %s is %d s", (at, seconds) => expect(reach(until(at), 900)).toBe(seconds));

  it("is all of it where nothing is known", () => expect(reach([], 900)).toBe(900));
});

describe("top", () => {
  it.each([
    [[0.2, null], 1, 1.5],
    [[61.3, 74.2], 1, 80],
    [[1], 2, 3],
    [[950], 1, 1000],
    [[], 1, 1.5],
  ])("of %o is at least %d: %d", (values, least, expected) => expect(top(values, least)).toBe(expected));
});
