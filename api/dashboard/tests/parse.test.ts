import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseResult } from "@/contract/parse";

const GOLDEN = readFileSync(new URL("../../../schemas/examples/result.json", import.meta.url), "utf8");

function changed(change: (result: any) => void): string {
  const result = JSON.parse(GOLDEN);
  change(result);
  return JSON.stringify(result);
}

describe("parseResult", () => {
  it("reads the golden record of the contract", () => {
    const result = parseResult(GOLDEN)!;
    expect(result.frame).toMatchObject({ camera: "entrance", run: 42, seq: 815, address: "face-detection/3/1234" });
    expect(result.model.name).toBe("face-detection");
    expect(result.detections[0]).toMatchObject({ label: "face", score: 0.97, box: [212.5, 80, 301, 196.5] });
    expect(result.detections[0]!.keypoints).toHaveLength(5);
  });

  it.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["null", "null"],
    ["an address that is a path", changed((one) => (one.frame.address = "../../healthz"))],
    ["a seq that is text", changed((one) => (one.frame.seq = "815"))],
    ["a picture without a width", changed((one) => (one.frame.width = 0))],
    ["no detections at all", changed((one) => delete one.detections)],
    ["no model", changed((one) => delete one.model)],
    ["a frame that was sent again", changed((one) => (one.frame.redrive_of = "face-detection/0/1"))],
  ])("refuses %s", (_, text) => expect(parseResult(text)).toBeNull());

  it("takes a frame in which nothing was found", () => {
    expect(parseResult(changed((one) => (one.detections = [])))!.detections).toEqual([]);
  });

  it("leaves out a detection that it does not understand", () => {
    const text = changed((one) => one.detections.push({ label: "face", score: 0.5, box: [1, 2, 3] }));
    expect(parseResult(text)!.detections).toHaveLength(1);
  });
});
