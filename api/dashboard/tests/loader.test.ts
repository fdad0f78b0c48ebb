import { beforeEach, describe, expect, it } from "vitest";
import type { Result } from "@/contract/types";
import { CONNECTIONS, PAINTS_PER_SECOND, PictureLoader, type Clock } from "@/live/loader";
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
const INTERVAL = 1000 / PAINTS_PER_SECOND;

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

  it("paints no more often than its rate, and as often as that", async () => {
    addTiles("a");
    let seq = 0;
    let painted = 0;
    for (let ms = 0; ms < 10_000; ms += 10) {
      if (ms % 40 === 0) offer("a", seq++);
      if (server.open.length) {
        painted++;
        await server.answer("a");
      }
      clock.advance(10);
    }
    expect(painted).toBeLessThanOrEqual(10 * PAINTS_PER_SECOND + 1);
    expect(painted).toBeGreaterThanOrEqual(9.5 * PAINTS_PER_SECOND);
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
    clock.advance(10 * INTERVAL);
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
