import { describe, expect, it } from "vitest";
import type { CameraStatus } from "@/contract/types";
import { tileState, type Seen } from "@/live/state";

const status = (state: CameraStatus["state"], error: string | null = null): CameraStatus => ({
  state,
  since: "",
  error,
});
const SEEN: Seen = { configured: true, enabled: true, status: status("streaming"), quiet: 0.1, informed: true };

describe("tileState", () => {
  it.each<[Partial<Seen>, string, string]>([
    [{}, "good", "streaming"],
    [{ quiet: null }, "busy", "waiting for the first result"],
    [{ quiet: 6 }, "warn", "no results"],
    [{ status: status("connecting") }, "busy", "connecting"],
    [{ status: status("failed", "no route") }, "bad", "failed"],
    [{ status: status("ended"), quiet: 600 }, "idle", "ended"],
    [{ status: status("stopped") }, "idle", "stopped"],
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
});
