import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Result } from "@/contract/types";
import { lookBack } from "@/live/history";
import { resultFor } from "./results";

const SINCE = new Date("2026-01-31T12:00:00Z");
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

async function seen(wanted: () => boolean = () => true): Promise<readonly Result[]> {
  const taken: Result[] = [];
  expect(await lookBack("door", SINCE, (results) => taken.push(...results), wanted)).toBeNull();
  return taken;
}

describe("lookBack", () => {
  it("goes on where a page says so, and ends where none does", async () => {
    answering({ results: [resultFor("door", 2)], next: "further" }, { results: [resultFor("door", 1)], next: null });
    expect((await seen()).map(({ frame }) => frame.seq)).toEqual([2, 1]);
    expect(asked.map((url) => url.searchParams.get("cursor"))).toEqual([null, "further"]);
    expect(asked[0]!.searchParams.get("since")).toBe("2026-01-31T12:00:00.000Z");
    expect(asked[0]!.searchParams.get("camera")).toBe("door");
  });

  it("leaves out what is no result", async () => {
    answering({ results: [{}, resultFor("door", 1)] });
    expect(await seen()).toHaveLength(1);
  });

  it("asks for no more than it can bear", async () => {
    answering({ results: [], next: "for ever" });
    await seen();
    expect(asked).toHaveLength(6);
  });

  it("takes nothing when it is not wanted any more", async () => {
    answering({ results: [resultFor("door", 1)], next: "further" });
    expect(await seen(() => false)).toEqual([]);
    expect(asked).toHaveLength(1);
  });

  it("says what kept it from looking", async () => {
    vi.stubGlobal("fetch", async () => new Response('{"detail": "Kafka is away"}', { status: 503 }));
    const fault = await lookBack(
      "door",
      SINCE,
      () => undefined,
      () => true,
    );
    expect(fault).toEqual({ kind: "unavailable", detail: "Kafka is away" });
  });
});
