import { beforeEach, describe, expect, it } from "vitest";
import type { Result } from "@/contract/types";
import { CONNECTIONS, PAINTS_OF_ALL, PAINTS_PER_SECOND, PictureLoader, type Clock } from "@/live/loader";
import { resultFor } from "./results";

/** A clock that moves when it is told to. */
class ManualClock implements Clock {
  time = 0;
  #timers: { at: number; wake: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(ms: number, wake: () => void): () => void {
    const timer = { at: this.time + ms, wake };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((one) => one !== timer));
  }

  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const next = this.#timers.filter((one) => one.at <= end).sort((one, other) => one.at - other.at)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.time = Math.max(this.time, next.at);
      next.wake();
    }
    this.time = end;
  }
}

/** A server that answers when it is told to, and knows how busy it was. */
class SlowServer {
  open: { key: string; seq: number; answer: () => void }[] = [];
  most = 0;

  show(key: string): (result: Result) => Promise<void> {
    return (result) =>
      new Promise((answer) => {
        this.open.push({ key, seq: result.frame.seq, answer });
        this.most = Math.max(this.most, this.open.length);
      });
  }

  async answer(key: string): Promise<void> {
    const index = this.open.findIndex((one) => one.key === key);
    this.open.splice(index, 1)[0]!.answer();
    await new Promise((done) => setTimeout(done, 0));
  }

  get keys(): string[] {
    return this.open.map((one) => one.key);
  }
}

let clock: ManualClock;
let server: SlowServer;
let loader: PictureLoader;

function addTiles(...keys: string[]): void {
  for (const key of keys) {
    loader.add(key, server.show(key));
    loader.setVisible(key, true);
  }
}

const offer = (key: string, seq: number): void => loader.offer(key, resultFor(key, seq));

beforeEach(() => {
  clock = new ManualClock();
  server = new SlowServer();
  loader = new PictureLoader(clock);
});

describe("PictureLoader", () => {
  it("has one picture in flight for a tile, and goes on with the newest", async () => {
    addTiles("a");
    for (const seq of [1, 2, 3, 4]) offer("a", seq);
    clock.advance(1000);
    expect(server.open.map((one) => one.seq)).toEqual([1]);
    await server.answer("a");
    expect(server.open.map((one) => one.seq)).toEqual([4]);
  });

  it("never has more in flight than its connections, and serves who waited longest first", async () => {
    const keys = ["a", "b", "c", "d", "e", "f"];
    addTiles(...keys);
    for (const key of keys) offer(key, 1);
    expect(server.keys).toEqual(["a", "b", "c", "d"]);
    for (const key of keys) offer(key, 2);
    clock.advance(1000);
    await server.answer("a");
    await server.answer("b");
    expect(server.keys).toEqual(["c", "d", "e", "f"]);
    await server.answer("c");
    expect(server.keys).toEqual(["d", "e", "f", "a"]);
    expect(server.most).toBe(CONNECTIONS);
  });

  it.each([
    [1, PAINTS_PER_SECOND],
    [3, 3 * PAINTS_PER_SECOND],
    [6, PAINTS_OF_ALL],
    [20, PAINTS_OF_ALL],
  ])("paints %d tiles no more often than %d times a second, and as often as that", async (tiles, most) => {
    const keys = Array.from({ length: tiles }, (_, index) => `tile-${index}`);
    const paints = new Map(keys.map((key) => [key, 0]));
    addTiles(...keys);
    const [seconds, step] = [4, 5];
    for (let ms = 0; ms < 1000 * seconds; ms += step) {
      if (ms % 40 === 0) for (const key of keys) offer(key, ms);
      for (const key of server.keys) {
        paints.set(key, paints.get(key)! + 1);
        await server.answer(key);
      }
      clock.advance(step);
    }
    const all = [...paints.values()].reduce((sum, one) => sum + one, 0);
    expect(all).toBeLessThanOrEqual(seconds * most + 2 * tiles);
    expect(all).toBeGreaterThanOrEqual(0.93 * seconds * most);
    expect(Math.max(...paints.values()) - Math.min(...paints.values())).toBeLessThanOrEqual(2);
  });

  it("loads nothing for a tile that nobody sees, and the newest once it is seen", () => {
    addTiles("a");
    loader.setVisible("a", false);
    offer("a", 1);
    offer("a", 2);
    expect(server.open).toEqual([]);
    loader.setVisible("a", true);
    expect(server.open.map((one) => one.seq)).toEqual([2]);
  });

  it("loads nothing for a tile that is held", async () => {
    addTiles("a", "b");
    loader.setHeld("a", true);
    offer("a", 1);
    offer("b", 1);
    expect(server.keys).toEqual(["b"]);
    loader.setHeld("a", false);
    expect(server.keys).toEqual(["b", "a"]);
  });

  it("rests while it is paused, and goes on afterwards", () => {
    addTiles("a");
    loader.setPaused(true);
    offer("a", 7);
    clock.advance(1000);
    expect(server.open).toEqual([]);
    loader.setPaused(false);
    expect(server.open.map((one) => one.seq)).toEqual([7]);
  });

  it("frees the connection of a tile that is gone", async () => {
    addTiles("a", "b", "c", "d", "e");
    for (const key of ["a", "b", "c", "d", "e"]) offer(key, 1);
    loader.remove("a");
    await server.answer("a");
    expect(server.keys).toEqual(["b", "c", "d", "e"]);
    offer("a", 2);
    expect(server.keys).toEqual(["b", "c", "d", "e"]);
  });
});
