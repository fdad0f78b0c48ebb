import { describe, expect, it } from "vitest";
import { findAddress, written } from "@/explain/address";
import { explainPlace, frameAt } from "@/explain/place";

const found = (text: string, models?: readonly string[]): string | null => {
  const address = findAddress(text, models);
  return address && written(address);
};

describe("findAddress", () => {
  it.each([
    ["face-detection/3/1234", "face-detection/3/1234"],
    ["  face-detection/3/1234\n", "face-detection/3/1234"],
    ["http://host/framebus/api/v1/frames/face-detection/3/1234?overlay=1", "face-detection/3/1234"],
    ["http://host/#/frames/pose/0/7", "pose/0/7"],
    ["2026-11-29 11:00:01 WARNING dead-lettered face-detection/3/1234: the JPEG is cut off", "face-detection/3/1234"],
    ["2026/11/29 lost: object-detection/0/17 (street)", "object-detection/0/17"],
    ["malformed record topic=site-a.framebus.frames.pose partition=4 offset=99 error=…", "pose/4/99"],
  ])("in %j is %s", (text, address) => expect(found(text)).toBe(address));

  it.each([
    "",
    "street",
    "face-detection/3",
    "2026/11/29",
    "topic=framebus.results.pose partition=4 offset=99",
    "a/b/c",
  ])("in %j is none", (text) => expect(found(text)).toBeNull());

  it("is one of a model that there is rather than what only looks like one", () => {
    expect(found("copied v1/2/3 from pose/0/7", ["pose"])).toBe("pose/0/7");
    expect(found("copied v1/2/3 from pose/0/7", [])).toBe("v1/2/3");
  });
});

describe("explainPlace", () => {
  const frame = { camera: "street", run: 4, seq: 9, captured_at: "2026-01-31T12:00:00.250000Z" };

  it("leads to the frame", () => expect(explainPlace("pose/0/7")).toBe("#/frames/pose/0/7"));

  it("says which frame is meant, for a log that was made anew or has forgotten it", () => {
    const place = explainPlace("pose/0/7", frame);
    expect(place).toMatch(/^#\/frames\/pose\/0\/7\?/);
    expect(frameAt(place)?.identity).toBe("camera=street&run=4&seq=9&captured_at=2026-01-31T12%3A00%3A00.250000Z");
  });

  it("asks the API for nothing else that an address bar may have", () => {
    expect(frameAt("#/frames/pose/0/7?overlay=1&seq=9")).toEqual({ address: "pose/0/7", identity: "seq=9" });
    expect(frameAt("#/frames/pose/0/7")).toEqual({ address: "pose/0/7", identity: "" });
    expect(frameAt("#/frames?seq=9")).toBeNull();
  });
});
