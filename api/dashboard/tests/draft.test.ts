import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cameraOf, changes, description, draftOf, emptyCamera, faultsOf, isPath, isRtsp } from "@/camera/draft";
import type { Camera } from "@/contract/types";

const CAMERA: Camera = {
  ...emptyCamera(),
  id: "door",
  source: "rtsp://user@10.0.0.7/s",
  models: ["object-detection"],
  fps: 12.5,
  still_fps: 0.5,
  motion: 0.0005,
  masks: [
    [
      [0.1, 0.1],
      [0.4, 0.1],
      [0.4, 0.4],
    ],
  ],
  schedule: ["mon-fri 08:00-20:00", "sat 08:00-24:00", "first monday 08:00-09:00"],
  timezone: "Europe/Berlin",
};

describe("the form", () => {
  it("has every field of the contract", () => {
    const schema = new URL("../../../schemas/json/camera.schema.json", import.meta.url);
    const { properties } = JSON.parse(readFileSync(schema, "utf8")) as {
      properties: Record<string, { default?: unknown }>;
    };
    expect(Object.keys(emptyCamera()).sort()).toEqual(Object.keys(properties).sort());
    for (const [name, { default: value }] of Object.entries(properties)) {
      if (value !== undefined) expect([name, emptyCamera()[name as keyof Camera]]).toEqual([name, value]);
    }
  });

  it("gives back the camera that it began with, but for how it writes hours", () => {
    const schedule = ["mon-fri 08:00-20:00", "sat 08:00-00:00", "first monday 08:00-09:00"];
    expect(cameraOf(draftOf(CAMERA))).toMatchObject({ ...CAMERA, schedule });
  });

  it("changes nothing as long as nothing is filled in", () => expect(changes(CAMERA, draftOf(CAMERA))).toEqual({}));

  it("sends what was changed alone, and null where a field is emptied", () => {
    const draft = draftOf(CAMERA);
    draft.fps = "";
    draft.gated = false;
    draft.motion = 0.1;
    draft.roi = [
      [0, 0],
      [1, 0],
      [1, 1],
    ];
    expect(changes(CAMERA, draft)).toEqual({ fps: null, still_fps: null, motion: 0.001, roi: draft.roi });
  });

  it("describes a new camera by what is not as by default", () => {
    const draft = draftOf(emptyCamera());
    Object.assign(draft, { id: " door ", source: " pattern: ", models: ["pose"], quality: 70, site: "" });
    expect(description(draft)).toEqual({ id: "door", source: "pattern:", models: ["pose"], quality: 70 });
  });
});

describe("faultsOf", () => {
  it("asks for what a camera cannot do without", () => {
    expect(Object.keys(faultsOf(draftOf(emptyCamera()))).sort()).toEqual(["id", "models", "source"]);
  });

  it("is content with a good one", () => expect(faultsOf(draftOf(CAMERA))).toEqual({}));

  it("names areas that are none, and hours without an end", () => {
    const draft = draftOf(CAMERA);
    draft.masks = [...CAMERA.masks, [[0.5, 0.5]]];
    draft.roi = [
      [0, 0],
      [1, 1],
      [1, 0],
      [0, 1],
    ];
    draft.hours[0]!.end = "";
    expect(faultsOf(draft)).toEqual({
      roi: "Its edges cross.",
      masks: "Mask 2: An area has at least 3 points.",
      schedule: "Hours have a begin and an end.",
    });
  });
});

it.each([
  ["rtsp://h/s", true, false],
  ["RTSPS://h/s", true, false],
  ["http://h/s.mjpg", false, false],
  ["0", false, false],
  ["pattern:640x480", false, false],
  ["/data/street.mp4", false, true],
])("%s: RTSP %s, a path %s", (source, rtsp, path) => expect([isRtsp(source), isPath(source)]).toEqual([rtsp, path]));
