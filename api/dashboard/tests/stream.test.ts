import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ResultStream, type Gap } from "@/api/stream";

/** A browser's EventSource whose other end is this test. */
class Source extends EventTarget {
  static all: Source[] = [];
  closed = false;

  constructor(readonly url: string) {
    super();
    Source.all.push(this);
  }

  close(): void {
    this.closed = true;
  }

  say(type: string, data?: string, lastEventId = ""): void {
    this.dispatchEvent(data === undefined ? new Event(type) : new MessageEvent(type, { data, lastEventId }));
  }

  static get last(): Source {
    return Source.all.at(-1)!;
  }
}

let states: string[];
let data: string[];
let gaps: (Gap | null)[];
let stream: ResultStream;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", Source);
  Source.all = [];
  states = [];
  data = [];
  gaps = [];
  stream = new ResultStream("/stream", {
    onData: (text) => data.push(text),
    onState: (state) => states.push(state),
    onGap: (gap) => gaps.push(gap),
  });
  stream.open();
});

afterEach(() => {
  stream.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("ResultStream", () => {
  it("hands on results and says when it is live", () => {
    Source.last.say("open");
    Source.last.say("result", "{}");
    expect(states).toEqual(["connecting", "live"]);
    expect(data).toEqual(["{}"]);
  });

  it("comes back after any error, also where the browser would give up", () => {
    Source.last.say("open");
    Source.last.say("error");
    expect(states.at(-1)).toBe("reconnecting");
    expect(Source.last.closed).toBe(true);
    vi.advanceTimersByTime(1000);
    expect(Source.all).toHaveLength(2);
    Source.last.say("open");
    expect(states.at(-1)).toBe("live");
  });

  it("backs off, and never for longer than ten seconds", () => {
    let waits = 0;
    for (let attempt = 0; attempt < 12; attempt++) {
      const before = Source.all.length;
      Source.last.say("error");
      waits = 0;
      while (Source.all.length === before && waits < 20_000) vi.advanceTimersByTime((waits += 250) && 250);
    }
    expect(waits).toBeGreaterThanOrEqual(5_000);
    expect(waits).toBeLessThanOrEqual(10_250);
  });

  it("has one connection at a time", () => {
    Source.last.say("open");
    stream.reopen();
    expect(Source.all.filter((one) => !one.closed)).toHaveLength(1);
  });

  it("stays closed", () => {
    Source.last.say("error");
    stream.close();
    vi.advanceTimersByTime(60_000);
    expect(Source.all).toHaveLength(1);
  });

  it("goes on behind the last event that came, whether a result or a gap", () => {
    expect(Source.last.url).toBe("/stream");
    Source.last.say("open");
    Source.last.say("result", "{}", "1.a-_");
    stream.reopen();
    expect(Source.last.url).toBe("/stream?last_event_id=1.a-_");
    Source.last.say("gap", '{"missed":7,"offsets":{"m/0":[1,8]}}', "1.b");
    stream.reopen();
    expect(Source.last.url).toBe("/stream?last_event_id=1.b");
    expect(gaps).toEqual([{ missed: 7, offsets: { "m/0": [1, 8] } }]);
  });

  it("begins anew, and says so, where its id is refused", async () => {
    const asked = vi.fn().mockResolvedValue({ status: 422 });
    vi.stubGlobal("fetch", asked);
    Source.last.say("open");
    Source.last.say("result", "{}", "1.a");
    stream.reopen();
    Source.last.say("error");
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toHaveBeenCalledTimes(1);
    expect(gaps).toEqual([null]);
    expect(Source.last.url).toBe("/stream");
  });

  it("keeps its id through an outage", async () => {
    vi.stubGlobal("fetch", vi.fn().mockRejectedValueOnce(new TypeError("away")).mockResolvedValue({ status: 503 }));
    Source.last.say("open");
    Source.last.say("result", "{}", "1.a");
    for (let attempt = 0; attempt < 3; attempt++) {
      Source.last.say("error");
      await vi.advanceTimersByTimeAsync(20_000);
      expect(Source.last.url).toBe("/stream?last_event_id=1.a");
    }
    expect(gaps).toEqual([]);
  });
});
