import { describe, expect, it } from "vitest";
import type { CameraStatus } from "@/contract/types";
import { statusLine, tileState, type Seen } from "@/live/state";

const status = (state: CameraStatus["state"], error: string | null = null): CameraStatus => ({
  state,
  since: "",
  error,
});
const SEEN: Seen = {
  configured: true,
  enabled: true,
  site: "north",
  status: status("streaming"),
  quiet: 0.1,
  informed: true,
  follows: false,
};

it("names the site whose workers a camera waits for", () => {
  expect(tileState({ ...SEEN, status: null, quiet: null }).detail).toContain("site north");
});

describe("tileState", () => {
  it.each<[Partial<Seen>, string, string]>([
    [{}, "good", "streaming"],
    [{ quiet: null }, "busy", "waiting for the first result"],
    [{ quiet: 6 }, "warn", "no results"],
    [{ quiet: 6, follows: true }, "good", "nothing to follow"],
    [{ quiet: null, follows: true }, "good", "nothing to follow"],
    [{ status: status("connecting") }, "busy", "connecting"],
    [{ status: status("failed", "no route") }, "bad", "failed"],
    [{ status: status("ended"), quiet: 600 }, "idle", "ended"],
    [{ status: status("stopped") }, "idle", "stopped"],
    [{ status: status("still"), quiet: 600 }, "good", "still"],
    [{ status: status("still"), quiet: null }, "good", "still"],
    [{ status: status("dreaming" as CameraStatus["state"]) }, "idle", "dreaming"],
    [{ status: null, quiet: null }, "busy", "waiting for capture"],
    [{ status: null }, "good", "streaming"],
    [{ configured: false, status: null }, "good", "results only"],
    [{ configured: false, status: null, quiet: 9 }, "idle", "not configured"],
    [{ enabled: false }, "idle", "disabled"],
    [{ informed: false }, "idle", "unknown"],
  ])("%o is %s: %s", (change, tone, label) => {
    expect(tileState({ ...SEEN, ...change })).toMatchObject({ tone, label });
  });

  it("passes on why a camera failed", () => {
    expect(tileState({ ...SEEN, status: status("failed", "rtsp://x: no route") }).detail).toBe("rtsp://x: no route");
    expect(tileState({ ...SEEN, status: status("failed") }).detail).not.toBe("");
  });

  it("says why a camera connects again, and until when it is off", () => {
    const again = { ...status("connecting"), last_error: "no answer" };
    expect(tileState({ ...SEEN, status: again }).detail).toBe("no answer");
    const off = { ...status("stopped"), note: "outside of its hours until mon" };
    expect(tileState({ ...SEEN, status: off }).detail).toBe("Outside of its hours until mon");
  });
});

describe("statusLine", () => {
  const clock = (time: string): string => `<${time}>`;

  it("has what capture told", () => {
    const told = {
      ...status("streaming"),
      since: "a",
      owner: "edge-1",
      fps: 12.5,
      last_error: "gone",
      last_error_at: "b",
    };
    expect(statusLine(told, clock)).toBe(
      "streaming since <a>, 12.5 fps from the camera, run by edge-1, last error at <b>: gone",
    );
    expect(statusLine({ ...status("connecting"), fps: null }, clock)).toBe("connecting since <>");
    expect(statusLine(null, clock)).toBe("");
  });
});
