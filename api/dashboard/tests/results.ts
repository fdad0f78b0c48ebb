import type { Result } from "@/contract/types";

/** A result without detections. */
export function resultFor(camera: string, seq: number, run = 1, model = "object-detection"): Result {
  const frame = {
    camera,
    run,
    seq,
    captured_at: "2026-01-31T12:00:00.250000Z",
    width: 640,
    height: 360,
    address: `${model}/0/${seq}`,
  };
  return { frame, model: { name: model }, detections: [] };
}
