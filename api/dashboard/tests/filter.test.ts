import { describe, expect, it } from "vitest";
import { EVERYTHING, filterIn, filterQuery, passes, shows, type Filtered, type WallFilter } from "@/live/filter";

const DOOR: Filtered = { camera: "front-door", model: "face-detection", site: "north", tone: "bad" };

describe("passes", () => {
  it.each<[Partial<WallFilter>, boolean]>([
    [{}, true],
    [{ text: "door" }, true],
    [{ text: " Door  FACE " }, true],
    [{ text: "north" }, true],
    [{ text: "door pose" }, false],
    [{ site: "north" }, true],
    [{ site: "south" }, false],
    [{ group: "live" }, true],
  ])("%o: %s", (part, expected) => expect(passes({ ...EVERYTHING, ...part }, DOOR)).toBe(expected));
});

describe("shows", () => {
  it.each([
    ["bad", "trouble"],
    ["warn", "trouble"],
    ["busy", "connecting"],
    ["good", "live"],
    ["idle", "off"],
  ] as const)("counts what is %s as %s", (tone, group) => {
    expect(shows({ ...EVERYTHING, group }, { ...DOOR, tone })).toBe(true);
    const others = (["trouble", "connecting", "live", "off"] as const).filter((other) => other !== group);
    for (const other of others) expect(shows({ ...EVERYTHING, group: other }, { ...DOOR, tone })).toBe(false);
  });
});

describe("the address", () => {
  it("is empty where everything is shown", () => expect(filterQuery(EVERYTHING, "large")).toBe(""));

  it("brings back what it was made from", () => {
    const filter: WallFilter = { text: "front & door", group: "trouble", site: "north" };
    expect(filterIn(filterQuery(filter, "small"))).toEqual({ filter, density: "small" });
  });

  it("leaves out what nobody knows", () => {
    expect(filterIn("state=odd&size=huge&q=")).toEqual({ filter: EVERYTHING, density: "large" });
  });
});
