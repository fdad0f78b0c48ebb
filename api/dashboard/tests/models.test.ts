import { describe, expect, it } from "vitest";
import type { CameraEntry, ModelEntry } from "@/contract/types";
import { sortModels } from "@/live/models";

const model = (name: string, given: Partial<ModelEntry> = {}): ModelEntry => ({
  name,
  title: name,
  max_age: 5,
  lag: 0,
  version: null,
  precision: null,
  device: null,
  ...given,
});

const camera = (...models: string[]): CameraEntry =>
  ({ camera: { id: "gate", models }, status: null }) as unknown as CameraEntry;

describe("sortModels", () => {
  it.each([
    { why: "nothing uses it", entry: model("a"), cameras: [], used: false },
    { why: "another is named", entry: model("a"), cameras: [camera("b")], used: false },
    { why: "a camera names it", entry: model("a"), cameras: [camera("b", "a")], used: true },
    { why: "it gave a result", entry: model("a", { version: "9f" }), cameras: [], used: true },
    { why: "frames wait", entry: model("a", { lag: 1 }), cameras: [], used: true },
    { why: "nobody knows", entry: model("a", { lag: null }), cameras: [], used: true },
  ])("$why: $used", ({ entry, cameras, used }) => {
    const sorted = sortModels([entry], cameras);
    expect(sorted).toEqual(used ? { used: [entry], others: [] } : { used: [], others: [entry] });
  });
});
