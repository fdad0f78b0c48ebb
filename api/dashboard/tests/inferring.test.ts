import { afterEach, describe, expect, it, vi } from "vitest";
import { FrameInference } from "@/explain/inferring";
import { resultFor } from "./results";

const RESULT = {
  ...resultFor("street", 7),
  model: { name: "pose", version: "9f2c", precision: "f32", device: "CPU" },
  stages: { wait: 0, decode: 0, infer: 0, outputs: 0 },
  inferred_at: "2026-01-31T12:00:00Z",
};
const outcome = (word: string, given: object = {}): object => ({
  outcome: word,
  results: [],
  skip: null,
  dead_letter: null,
  ...given,
});

/** An API that gives these answers one after the other. */
function answering(...answers: readonly (readonly [number, unknown])[]): ReturnType<typeof vi.fn> {
  const left = [...answers];
  const fetched = vi.fn(async () => {
    const [status, body] = left.shift() ?? [500, {}];
    return new Response(JSON.stringify(body), { status });
  });
  vi.stubGlobal("fetch", fetched);
  vi.stubGlobal("document", { baseURI: "http://127.0.0.1:8080/" });
  return fetched;
}
const inference = (): FrameInference => new FrameInference("pose/0/7", async () => undefined);

afterEach(() => vi.unstubAllGlobals());

describe("FrameInference", () => {
  it("asks for the model of choice, and shows its result", async () => {
    const fetched = answering([200, { result: RESULT, took_s: 0.18 }]);
    const one = inference();
    await one.start("pose");
    const [url, request] = fetched.mock.calls[0] as unknown as [string, RequestInit];
    expect([url, request.method, request.body]).toEqual([
      "http://127.0.0.1:8080/api/v1/frames/pose/0/7/infer",
      "POST",
      '{"model":"pose"}',
    ]);
    expect(one.state.value).toMatchObject({ kind: "done", tookS: 0.18, result: { frame: { seq: 7 } } });
  });

  it("waits at the new address until there is a result, whatever comes between", async () => {
    const fetched = answering(
      [202, { address: "pose/4/9" }],
      [200, outcome("waiting")],
      [503, { detail: "Kafka is away" }],
      [200, outcome("inferred", { results: [RESULT] })],
    );
    const one = inference();
    await one.start("pose");
    expect(fetched.mock.calls.at(-1)).toContain("http://127.0.0.1:8080/api/v1/frames/pose/4/9/outcome");
    expect(one.state.value).toMatchObject({ kind: "done", tookS: null });
  });

  it.each([
    [410, { detail: "frame pose/0/7 has expired" }, "frame pose/0/7 has expired"],
    [403, { detail: "no" }, "Only an operator may do this."],
    [422, { detail: "expected a JPEG" }, "expected a JPEG"],
    [200, { result: {} }, "The API’s answer is not a result."],
    [200, {}, "The API’s answer has neither a result nor an address."],
  ])("says with status %i and %o: %s", async (status, body, reason) => {
    answering([status, body]);
    const one = inference();
    await one.start("pose");
    expect(one.state.value).toEqual({ kind: "failed", model: "pose", reason });
  });

  it("says what else became of the frame", async () => {
    answering(
      [202, { address: "pose/4/9" }],
      [200, outcome("dead-lettered", { dead_letter: { error: "X", message: "y" } })],
    );
    const one = inference();
    await one.start("pose");
    expect(one.state.value).toMatchObject({ kind: "failed", reason: "It was dead-lettered: X: y" });
  });

  it("waits no longer when it is told so", async () => {
    answering([202, { address: "pose/4/9" }]);
    const one: FrameInference = new FrameInference("pose/0/7", async () => one.stop());
    await one.start("pose");
    expect(one.state.value).toEqual({ kind: "idle" });
  });
});
