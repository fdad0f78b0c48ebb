import { describe, expect, it } from "vitest";
import { fullResultOf, type FullResult, type OutcomeAnswer } from "@/contract/explain";
import type { Letter } from "@/contract/letters";
import type { Box, Detection } from "@/contract/types";
import { compare, overlap } from "@/explain/compare";
import { neighboursOf } from "@/explain/neighbours";
import { duration, timing } from "@/explain/timing";
import { verdictOf, verdictOn } from "@/explain/verdict";
import { resultFor } from "./results";

const JSON_RESULT = {
  frame: {
    ...resultFor("street", 7).frame,
    redrive_of: null,
    parent: { address: "object-detection/1/5", index: 2, map: [1, 0, 0, 0, 1, 0] },
  },
  model: { name: "pose", version: "9f2c", precision: "f32", device: "CPU" },
  detections: [],
  stages: { wait: 0.02, decode: 0.002, infer: 0.015, outputs: 0.001 },
  inferred_at: "2026-01-31T12:00:00.320000Z",
};
const full = (given: Partial<FullResult> = {}): FullResult => ({ ...fullResultOf(JSON_RESULT)!, ...given });

describe("fullResultOf", () => {
  it("reads all that is told of a result", () => {
    expect(fullResultOf(JSON_RESULT)).toMatchObject({
      model: { name: "pose", version: "9f2c", precision: "f32", device: "CPU" },
      frame: { parent: { address: "object-detection/1/5", index: 2 } },
      redrive_of: null,
      stages: { infer: 0.015 },
    });
  });

  it.each([
    null,
    {},
    { ...JSON_RESULT, stages: null },
    { ...JSON_RESULT, inferred_at: 3 },
    { ...JSON_RESULT, model: 1 },
  ])("is null for %o", (value) => expect(fullResultOf(value)).toBeNull());
});

describe("timing", () => {
  it("goes from capture to result without a gap", () => {
    const { parts, total, note } = timing(full(), "2026-01-31T12:00:00.280000Z");
    expect(parts.map(({ step }) => step)).toEqual(["sent", "wait", "decode", "infer", "outputs", "rest"]);
    expect(total).toBeCloseTo(0.07);
    expect(parts.reduce((sum, { width }) => sum + width, 0)).toBeCloseTo(100);
    expect(note).toBe("");
  });

  it("hides no step, however short", () => {
    const { parts } = timing(full({ stages: { wait: 60, decode: 0.001, infer: 0.01, outputs: 0.0001 } }), null);
    expect(Math.min(...parts.map(({ width }) => width))).toBeGreaterThan(0.9);
  });

  it.each([
    [null, 0.02, "is not known any more"],
    ["2026-01-31T12:00:00.150000Z", 0.02, "camera’s clock is ahead of Kafka’s by 100 ms"],
    ["2026-01-31T12:00:00.280000Z", -2, "worker’s clock is behind Kafka’s by 2.00 s"],
  ])("says with Kafka's time %s and a wait of %d s why it may not be right", (appended, wait, words) => {
    const { parts, note } = timing(full({ stages: { ...JSON_RESULT.stages, wait } }), appended);
    expect(note).toContain(words);
    expect(parts.every(({ seconds }) => seconds > 0)).toBe(true);
  });

  it.each([
    [0.0008, "0.8 ms"],
    [0.0146, "15 ms"],
    [0.9994, "999 ms"],
    [2.606, "2.61 s"],
    [42.04, "42.0 s"],
    [312, "312 s"],
  ])("writes %d s as %s", (seconds, text) => expect(duration(seconds)).toBe(text));
});

describe("compare", () => {
  const detection = (label: string, score: number, box: Box): Detection => ({ label, score, box });
  const [left, right]: [Box, Box] = [
    [0, 0, 10, 10],
    [50, 0, 60, 10],
  ];

  it("finds the same thing in both, by place, even where it is called something else", () => {
    const ours = [detection("car", 0.8, right), detection("person", 0.9, left)];
    const theirs = [detection("person", 0.7, [0, 0, 10, 9]), detection("truck", 0.6, right)];
    expect(compare(ours, theirs)).toEqual([
      { label: "person", otherLabel: null, score: 0.9, otherScore: 0.7, overlap: 0.9 },
      { label: "car", otherLabel: "truck", score: 0.8, otherScore: 0.6, overlap: 1 },
    ]);
  });

  it("takes each thing once, rather as what it was called", () => {
    const pairs = compare(
      [detection("person", 0.9, left)],
      [detection("dog", 0.9, left), detection("person", 0.5, [0, 0, 10, 8])],
    );
    expect(pairs.map(({ label, score, otherScore }) => [label, score, otherScore])).toEqual([
      ["person", 0.9, 0.5],
      ["dog", null, 0.9],
    ]);
  });

  it("knows boxes apart", () => {
    expect(overlap(left, right)).toBe(0);
    expect(
      compare([detection("car", 0.8, left)], [detection("car", 0.8, right)]).map(({ overlap: shared }) => shared),
    ).toEqual([null, null]);
  });
});

describe("neighboursOf", () => {
  const around = [3, 9, 4, 7, 6].map((seq) => resultFor("street", seq));

  it("goes by run and seq, not by offsets", () => {
    const found = neighboursOf({ run: 1, seq: 6 }, around);
    expect([found.before?.seq, found.after?.seq]).toEqual([4, 7]);
  });

  it("goes on in the next run", () => {
    const found = neighboursOf({ run: 1, seq: 9 }, [...around, resultFor("street", 0, 2)]);
    expect([found.before?.seq, found.after?.run]).toEqual([7, 2]);
  });

  it("has none where there are none", () =>
    expect(neighboursOf({ run: 1, seq: 1 }, [])).toEqual({ before: null, after: null }));
});

describe("the verdict", () => {
  const letter: Letter = {
    address: "pose/0/7",
    at: "2026-01-31T12:00:00Z",
    camera: "street",
    error: "FrameCrashError",
    message: "the worker died of it",
    attempts: 3,
    size: 9,
    redrive_of: null,
    redrive: null,
    redrives: [],
  };
  const answer = (given: Partial<OutcomeAnswer>): OutcomeAnswer => ({
    address: "pose/0/7",
    outcome: "inferred",
    detail: null,
    frame: null,
    picture: "available",
    results: [{}],
    skip: null,
    dead_letter: null,
    redrives: [],
    ...given,
  });
  const sent = { number: 1, address: "pose/1/1", at: null, outcome: "inferred" };

  it.each<[Partial<OutcomeAnswer>, string, string]>([
    [{}, "inferred", "A worker inferred it, and Kafka acknowledged the result."],
    [{ results: [{}, {}] }, "inferred", "It was inferred 2 times"],
    [{ outcome: "skipped", skip: { reason: "stale", at: "" } }, "skipped: stale", "skipped on purpose"],
    [
      { outcome: "skipped", skip: { reason: "tired", at: "" }, detail: "skipped as tired" },
      "skipped: tired",
      "Skipped as tired.",
    ],
    [
      { outcome: "dead-lettered", dead_letter: letter },
      "dead-lettered",
      "FrameCrashError, after 3 attempts: the worker died of it.",
    ],
    [{ outcome: "dead-lettered", dead_letter: letter, redrives: [sent] }, "dead-lettered", "It was sent again once."],
    [
      { outcome: "waiting", detail: "the workers are at offset 4" },
      "waiting",
      "No worker has come to it yet: the workers are at offset 4.",
    ],
    [{ outcome: "expired", detail: "retention took it" }, "expired", "Retention took it."],
    [{ outcome: "unknown" }, "unknown", "Nothing more is known."],
  ])("on %o is %s", (given, label, sentence) => {
    const verdict = verdictOn(answer(given));
    expect(verdict.label).toBe(label);
    expect(verdict.sentence).toContain(sentence);
  });

  it.each([
    [404, null, "unknown address"],
    [404, "pose", "model not in the catalogue"],
    [409, null, "of another log"],
    [422, null, "not an address"],
    [500, null, "no answer"],
  ])("on status %i with the model gone: %s is %s", (status, gone, label) => {
    expect(verdictOf(null, { kind: "failed", status, detail: "so it is" }, gone).label).toBe(label);
  });

  it("stays what it was while the API or Kafka is away", () => {
    expect(verdictOf(answer({}), { kind: "unreachable" }).label).toBe("inferred");
    expect(verdictOf(null, { kind: "unreachable" }).tone).toBe("bad");
    expect(verdictOf(null, null).label).toBe("asking");
  });
});
