import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Result } from "@/contract/types";
import { lookBack, type Looked } from "@/live/history";
import { resultFor } from "./results";

let asked: URL[];

function answering(...pages: readonly { results: readonly unknown[]; next?: string | null }[]): void {
  asked = [];
  vi.stubGlobal("fetch", async (url: string) => {
    asked.push(new URL(url));
    return new Response(JSON.stringify(pages[Math.min(asked.length, pages.length) - 1]));
  });
}

beforeEach(() => vi.stubGlobal("document", { baseURI: "http://127.0.0.1:8080/" }));
afterEach(() => vi.unstubAllGlobals());

const look = (wanted: () => boolean = () => true): { taken: Result[]; done: Promise<Looked> } => {
  const taken: Result[] = [];
  const since = Date.parse("2026-01-31T12:00:00Z");
  const take = (results: readonly Result[]): void => void taken.push(...results);
  return { taken, done: lookBack({ camera: "door", since, until: since + 80_000, take, wanted }) };
};
const times = (name: string): (string | null)[] => asked.map((url) => url.searchParams.get(name));

describe("lookBack", () => {
  it("looks at one part after the other, the newest first", async () => {
    answering({ results: [resultFor("door", 1)], next: null });
    const { taken, done } = look();
    expect(await done).toEqual({ fault: null, cut: false });
    expect(taken).toHaveLength(8);
    expect(times("since").slice(0, 2)).toEqual(["2026-01-31T12:01:10.000Z", "2026-01-31T12:01:00.000Z"]);
    expect(times("until")[7]).toBe("2026-01-31T12:00:10.000Z");
    expect(new Set(times("camera"))).toEqual(new Set(["door"]));
  });

  it("goes on where a page says so, for so long as it can bear", async () => {
    answering({ results: [], next: "further" });
    expect(await look().done).toEqual({ fault: null, cut: true });
    expect(times("cursor").slice(0, 3)).toEqual([null, "further", null]);
    expect(asked).toHaveLength(16);
  });

  it("leaves out what is no result", async () => {
    answering({ results: [{}, resultFor("door", 1)] });
    const { taken, done } = look();
    await done;
    expect(taken).toHaveLength(8);
  });

  it("takes nothing when nobody waits any more", async () => {
    answering({ results: [resultFor("door", 1)], next: "further" });
    const { taken, done } = look(() => false);
    await done;
    expect([taken.length, asked.length]).toEqual([0, 1]);
  });

  it("says what kept it from looking", async () => {
    vi.stubGlobal("fetch", async () => new Response('{"detail": "Kafka is away"}', { status: 503 }));
    expect((await look().done).fault).toEqual({ kind: "unavailable", detail: "Kafka is away" });
  });
});
