import { describe, expect, it } from "vitest";
import type { ModelFigures, ModelVersion, Sample } from "@/contract/models";
import { inShort, modelState, urgency, versionsOf } from "@/models/state";

const NOW = "2026-01-31T12:00:00Z";
const model = (given: Partial<ModelFigures> = {}): ModelFigures => ({
  name: "object-detection",
  title: "Things",
  labels: [],
  max_age: 5,
  partitions: 12,
  lag: 0,
  version: "v1",
  precision: "f32",
  device: "CPU",
  versions: [],
  arrival_fps: 10,
  inferred_fps: 10,
  skipped_fps: 0,
  capacity_fps: 30,
  capacity_known_by: "catalogue",
  lag_s: 0,
  replicas: 1,
  replicas_min: 0,
  replicas_max: 4,
  newest_result_at: NOW,
  follows: null,
  ...given,
});
const sample = (at: string, replicas: number): Sample => ({
  ...{ arrival_fps: 0, inferred_fps: 0, skipped_fps: 0, capacity_fps: 0, lag: 0, lag_s: 0 },
  at,
  replicas,
});

describe("modelState", () => {
  it.each<[string, string, Partial<ModelFigures>]>([
    ["keeping up", "good", {}],
    ["ready", "good", { arrival_fps: 0, inferred_fps: 0 }],
    ["asleep", "idle", { replicas: 0, arrival_fps: 0 }],
    ["waking", "busy", { replicas: 0, lag: 3 }],
    ["not running", "idle", { replicas: 0, replicas_min: 1 }],
    ["no worker", "bad", { replicas: 0, replicas_min: 1, lag: 3 }],
    ["catching up", "busy", { lag: 90, lag_s: 4 }],
    ["skipping", "warn", { lag: 90, lag_s: 6, skipped_fps: 2 }],
    ["at its maximum", "warn", { replicas: 4, arrival_fps: 130, capacity_fps: 120, skipped_fps: 9 }],
    ["unknown", "idle", { replicas: null, lag: null }],
    ["compiling", "busy", { lag: 8, inferred_fps: 0, newest_result_at: null }],
  ])("says %s (%s) of %o", (label, tone, given) => {
    expect(modelState(model(given), [])).toMatchObject({ label, tone });
  });

  it("never calls a model that sleeps an error, and says what wakes it", () => {
    expect(modelState(model({ replicas: 0, arrival_fps: 0 }), []).detail).toBe("It wakes on the first frame.");
  });

  it("knows a worker that has given nothing since there is one from one that only has nothing to do", () => {
    const slept = [
      sample("2026-01-31T11:58:00Z", 1),
      sample("2026-01-31T12:01:00Z", 0),
      sample("2026-01-31T12:02:00Z", 1),
    ];
    const waiting = model({ lag: 5, inferred_fps: 0, lag_s: 1 });
    expect(modelState(waiting, slept).label).toBe("compiling");
    expect(modelState(waiting, [sample("2026-01-31T11:58:00Z", 1)]).label).toBe("keeping up");
    expect(modelState({ ...waiting, newest_result_at: "2026-01-31T12:02:05Z" }, slept).label).toBe("keeping up");
  });

  it("does not say that more workers would help where they are allowed", () => {
    expect(modelState(model({ replicas: 3, arrival_fps: 130, capacity_fps: 90, lag_s: 3, lag: 9 }), []).help).toBe("");
  });

  it.each([
    [12, "a larger replicas.max in the catalogue (its topic has 12 partitions, so up to 12 help)"],
    [4, "more partitions, and with them a larger replicas.max"],
  ])("says what helps at the maximum with %i partitions", (partitions, words) => {
    const full = model({ replicas: 4, arrival_fps: 130, capacity_fps: 120, partitions });
    expect(modelState(full, []).help).toContain(words);
  });

  it("takes arrivals that are above the capacity by what is measured for none", () => {
    expect(modelState(model({ replicas: 4, arrival_fps: 121, capacity_fps: 120 }), []).label).toBe("keeping up");
  });
});

describe("versionsOf", () => {
  const version = (name: string, newest_at: string): ModelVersion => ({
    version: name,
    precision: "f32",
    device: "CPU",
    newest_at,
  });

  it("has two while an update rolls out", () => {
    const both = [version("new", "2026-01-31T12:00:10Z"), version("old", "2026-01-31T12:00:09Z")];
    expect(versionsOf(both)).toEqual({ running: both, before: null });
  });

  it("keeps the one before apart once it gives nothing any more", () => {
    const [now, then] = [version("new", "2026-01-31T12:05:10Z"), version("old", "2026-01-31T12:00:09Z")];
    expect(versionsOf([now, then])).toEqual({ running: [now], before: then });
  });

  it("has none before the first result", () => expect(versionsOf([])).toEqual({ running: [], before: null }));
});

describe("all models", () => {
  const good = modelState(model(), []);
  const asleep = modelState(model({ replicas: 0, arrival_fps: 0 }), []);
  const full = modelState(model({ replicas: 4, arrival_fps: 130, capacity_fps: 120 }), []);

  it("in a sentence, the commonest state first", () => {
    expect(inShort([asleep, good, full, good])).toBe("4 models: 2 keeping up, 1 asleep, 1 at its maximum");
    expect(inShort([])).toBe("No model is used yet");
  });

  it("with trouble first, and what sleeps last", () => {
    const inOrder = [asleep, good, full].sort((one, other) => urgency(one) - urgency(other));
    expect(inOrder).toEqual([full, good, asleep]);
  });
});
