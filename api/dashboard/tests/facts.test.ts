import { describe, expect, it } from "vitest";
import { emptyCamera } from "@/camera/draft";
import { statusFacts, wantedFacts, type Fact } from "@/camera/facts";
import type { Camera, CameraStatus } from "@/contract/types";

const camera = (part: Partial<Camera>): Camera => ({ ...emptyCamera(), id: "door", ...part });
const valueOf = (facts: readonly Fact[], name: string): string | undefined =>
  facts.find((fact) => fact.name === name)?.value;

describe("wantedFacts", () => {
  it.each<[Partial<Camera>, string, string | undefined]>([
    [{ source: "rtsp://user@10.0.0.7/s", transport: "udp" }, "Transport", "UDP"],
    [{ source: "http://10.0.0.7/s" }, "Transport", undefined],
    [{ source: "/data/street.mp4", loop: true }, "Read", "at its own pace, again and again"],
    [{ source: "/data/street.mp4", pacing: "max" }, "Read", "as fast as possible, once"],
    [{ source: "0" }, "Read", undefined],
    [{ fps: null }, "Rate", "the source’s own"],
    [{ fps: 12.5 }, "Rate", "at most 12.5 fps"],
    [{ lane: "batch" }, "Lane", "batch: no frame is skipped for its age"],
    [{ rotate: 90, flip: "vertical" }, "Turned", "90° clockwise, mirrored top–bottom"],
    [{}, "Turned", undefined],
    [{ still_fps: 0.5 }, "Nothing moves", "0.5 fps, below 0.05 % of the picture"],
    [{ still_fps: 1, roi: [] }, "Nothing moves", "1 fps, below 0.05 % of the region of interest"],
    [{ masks: [[], []] }, "Masks", "2 areas"],
    [
      { schedule: ["mon-fri 08:00-20:00", "odd"], timezone: "Europe/Berlin" },
      "Hours",
      "Monday to Friday, 08:00 to 20:00; odd (Europe/Berlin)",
    ],
  ])("%o: %s is %s", (part, name, value) => expect(valueOf(wantedFacts(camera(part)), name)).toBe(value));
});

describe("statusFacts", () => {
  const since = new Date(2026, 0, 31, 12).toISOString();
  const status: CameraStatus = {
    state: "streaming",
    since,
    owner: "edge-1-77",
    fps: 9.46,
    width: 640,
    height: 360,
    last_error: "no answer",
    last_error_at: since,
  };

  it("tells since when, how fast, how large, by whom and what was wrong last", () => {
    const facts = statusFacts(camera({ fps: 10 }), status, Date.parse(since) + 180_000);
    expect(valueOf(facts, "Since")).toMatch(/, 3 min ago$/);
    expect(valueOf(facts, "From the camera")).toBe("9.5 fps of at most 10");
    expect(valueOf(facts, "Picture")).toBe("640 × 360");
    expect(valueOf(facts, "Run by")).toBe("edge-1-77");
    expect(valueOf(facts, "Last error")).toMatch(/: no answer$/);
  });

  it("says nothing of a camera that nobody has told of", () => expect(statusFacts(camera({}), null, 0)).toEqual([]));
});
