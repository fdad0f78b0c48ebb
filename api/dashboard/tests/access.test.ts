import { afterEach, describe, expect, it, vi } from "vitest";
import { Access } from "@/live/access";

function answering(status: number, body: unknown): ReturnType<typeof vi.fn> {
  const fetched = vi.fn(async () => new Response(status === 204 ? null : JSON.stringify(body), { status }));
  vi.stubGlobal("fetch", fetched);
  vi.stubGlobal("document", { baseURI: "http://127.0.0.1:8080/" });
  return fetched;
}

afterEach(() => vi.unstubAllGlobals());

describe("Access", () => {
  it.each([
    [{ locked: false, role: "operator" }, false, true],
    [{ locked: true, role: null }, true, false],
    [{ locked: true, role: "viewer" }, false, false],
    [{ locked: true, role: "operator" }, false, true],
  ])("knows from %o whether somebody must sign in, and may change things", async (state, shut, change) => {
    answering(200, state);
    const access = new Access(() => undefined);
    await access.look();
    expect([access.isShut, access.mayChange]).toEqual([shut, change]);
  });

  it("goes on without an answer: the page says itself what it cannot read", async () => {
    answering(503, { detail: "away" });
    const access = new Access(() => undefined);
    await access.look();
    expect(access.isShut).toBe(false);
  });

  it("sends the token as JSON, and loads the page anew", async () => {
    const fetched = answering(200, { locked: true, role: "viewer" });
    const reload = vi.fn();
    expect(await new Access(reload).signIn("secret")).toBeNull();
    const [url, request] = fetched.mock.calls[0] as unknown as [string, RequestInit];
    expect(url).toBe("http://127.0.0.1:8080/api/v1/session");
    expect(request).toMatchObject({ method: "POST", body: '{"token":"secret"}' });
    expect(reload).toHaveBeenCalledOnce();
  });

  it.each([
    [401, "This token opens nothing here."],
    [429, "try again in 60 s"],
    [502, "The API does not answer. Try again in a moment."],
  ])("says what went wrong with status %i, and stays", async (status, words) => {
    answering(status, { detail: "try again in 60 s" });
    const reload = vi.fn();
    expect(await new Access(reload).signIn("wrong")).toBe(words);
    expect(reload).not.toHaveBeenCalled();
  });

  it("loads the page anew when a session has ended, but never where there are none", async () => {
    const reload = vi.fn();
    const access = new Access(reload);
    access.expired();
    expect(reload).not.toHaveBeenCalled();
    answering(200, { locked: true, role: "viewer" });
    await access.look();
    access.expired();
    expect(reload).toHaveBeenCalledOnce();
  });
});
