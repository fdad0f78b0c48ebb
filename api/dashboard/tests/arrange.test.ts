import { describe, expect, it } from "vitest";
import { Arrangement, BETTER_MS, rankOf, WORSE_MS, type Ranked } from "@/live/arrange";

const tiles = (ranks: Record<string, number>): Ranked[] => Object.entries(ranks).map(([key, rank]) => ({ key, rank }));
const keys = (tiles: readonly Ranked[]): string => tiles.map(({ key }) => key).join(" ");

describe("rankOf", () => {
  it.each([
    ["bad", 0],
    ["warn", 1],
    ["busy", 2],
    ["good", 3],
    ["idle", 3],
  ] as const)("puts %s at %i", (tone, rank) => expect(rankOf({ state: { tone } })).toBe(rank));
});

describe("Arrangement", () => {
  it("begins with trouble first, and by name within", () => {
    const order = new Arrangement().arrange(tiles({ d: 3, a: 3, c: 0, b: 2, e: 0 }), 0);
    expect(keys(order)).toBe("c e b a d");
  });

  it("moves a tile up once it has been worse for a while", () => {
    const arrangement = new Arrangement();
    arrangement.arrange(tiles({ a: 3, b: 3 }), 0);
    expect(keys(arrangement.arrange(tiles({ a: 3, b: 0 }), 100))).toBe("a b");
    expect(keys(arrangement.arrange(tiles({ a: 3, b: 0 }), 99 + WORSE_MS))).toBe("a b");
    expect(keys(arrangement.arrange(tiles({ a: 3, b: 0 }), 100 + WORSE_MS))).toBe("b a");
  });

  it("keeps a tile in front until it has been well for longer", () => {
    const arrangement = new Arrangement();
    arrangement.arrange(tiles({ a: 3, b: 0 }), 0);
    expect(keys(arrangement.arrange(tiles({ a: 3, b: 3 }), 100))).toBe("b a");
    expect(keys(arrangement.arrange(tiles({ a: 3, b: 3 }), 99 + BETTER_MS))).toBe("b a");
    expect(keys(arrangement.arrange(tiles({ a: 3, b: 3 }), 100 + BETTER_MS))).toBe("a b");
  });

  it("leaves a tile whose state flickers where it is", () => {
    const arrangement = new Arrangement();
    const seen = new Set<string>();
    for (let now = 0; now < 60_000; now += 500) {
      seen.add(keys(arrangement.arrange(tiles({ a: 3, b: (now / 500) % 2 ? 1 : 3 }), now)));
    }
    expect([...seen]).toEqual(["a b"]);
  });

  it("forgets a tile that is gone", () => {
    const arrangement = new Arrangement();
    arrangement.arrange(tiles({ a: 3, b: 0 }), 0);
    arrangement.arrange(tiles({ a: 3 }), 1);
    expect(keys(arrangement.arrange(tiles({ a: 3, b: 3 }), 2))).toBe("a b");
  });
});
