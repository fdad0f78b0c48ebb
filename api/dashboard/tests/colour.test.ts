import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { colourOf, INK, PALETTE } from "@/paint/colour";

const channels = (hex: string): number[] => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);

function luminance(hex: string): number {
  const linear = channels(hex).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
}

function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

describe("colourOf", () => {
  // Written down, so that a change of the hash or of the palette's order is seen: operators learn colours.
  it.each([
    ["person", "#fbbf24"],
    ["face", "#67e8f9"],
    ["car", "#c4b5fd"],
    ["bus", "#f0abfc"],
  ])("gives %s its lasting colour", (label, colour) => expect(colourOf(label)).toBe(colour));

  it("tells the commonest labels from one another", () => {
    const common = "face,person,car,bicycle,motorcycle,bus,truck,dog,backpack,chair".split(",");
    expect(new Set(common.map(colourOf)).size).toBe(common.length);
  });

  it("spreads COCO's classes over the palette", () => {
    const source = readFileSync(new URL("../../../schemas/catalogue/labels.py", import.meta.url), "utf8");
    const block = source.slice(source.indexOf("_COCO_80"), source.indexOf("_UNUSED"));
    const labels = [...block.matchAll(/"([^"]+)"/g)].flatMap((line) => line[1]!.split(",")).filter(Boolean);
    expect(labels).toHaveLength(80);
    const uses = new Map(PALETTE.map((colour) => [colour as string, 0]));
    for (const label of labels) uses.set(colourOf(label), (uses.get(colourOf(label)) ?? 0) + 1);
    expect(Math.min(...uses.values())).toBeGreaterThanOrEqual(2);
    expect(Math.max(...uses.values())).toBeLessThanOrEqual(14);
  });

  it.each(PALETTE.map((colour) => [colour]))("keeps text on %s readable", (colour) =>
    expect(contrast(colour, INK)).toBeGreaterThanOrEqual(7),
  );
});

describe("the page's colours", () => {
  const css = readFileSync(new URL("../src/style.css", import.meta.url), "utf8");
  const [light, dark] = css.split("prefers-color-scheme: dark");
  const variables = (text: string): Map<string, string> =>
    new Map([...text.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name!, value!]));

  const texts = ["ink", "muted", "accent", "good", "busy", "warn", "bad", "idle"];
  const grounds = ["page", "surface"];
  const pairs = texts
    .flatMap((text) => grounds.map((ground) => [text, ground]))
    .concat([
      ["ink", "raised"],
      ["muted", "raised"],
      ["good", "raised"],
      ["bad", "bad-soft"],
      ["warn", "warn-soft"],
    ]);

  test.each([
    ["light", variables(light!)],
    ["dark", variables(dark!)],
  ])("pass WCAG AA when it is %s", (_, colours) => {
    const weak = pairs.filter(([text, ground]) => contrast(colours.get(text!)!, colours.get(ground!)!) < 4.5);
    expect(weak).toEqual([]);
  });

  test.each([
    ["light", variables(light!)],
    ["dark", variables(dark!)],
  ])("tell the parts of a bar that matter from its ground when it is %s", (_, colours) => {
    const parts = ["inferred", "dead", "dropped", "failed", "in_log", "gone", "unexplained"];
    const weak = parts.filter((part) => contrast(colours.get(`part-${part}`)!, colours.get("surface")!) < 3);
    expect(weak).toEqual([]);
  });
});
