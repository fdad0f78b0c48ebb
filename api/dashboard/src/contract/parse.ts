/** Reads results off the wire: what the page paints is checked, since one odd record must not stop a wall. */

import type { Affine, Box, Detection, FrameReference, Parent, Result } from "@/contract/types";

type Fields = Readonly<Record<string, unknown>>;

/** Form of a frame's address: model/partition/offset. */
const ADDRESS = /^[a-z0-9][a-z0-9_-]{0,62}\/\d{1,19}\/\d{1,19}$/;

/** The result of a fresh picture in `text`; null where there is none, as of a frame that was sent again. */
export function parseResult(text: string): Result | null {
  try {
    const value: unknown = JSON.parse(text);
    return wasSentAgain(value) ? null : resultOf(value);
  } catch {
    return null;
  }
}

/** The result in a JSON value, or null where it is not one. */
export function resultOf(value: unknown): Result | null {
  if (!isFields(value) || !isFields(value["model"]) || !Array.isArray(value["detections"])) return null;
  const name = value["model"]["name"];
  const frame = frameOf(value["frame"]);
  if (typeof name !== "string" || frame === null) return null;
  return { frame, model: { name }, detections: value["detections"].map(detectionOf).filter((one) => one !== null) };
}

function frameOf(value: unknown): FrameReference | null {
  if (!isFields(value)) return null;
  const { camera, run, seq, captured_at, width, height, address } = value;
  if (typeof camera !== "string" || typeof captured_at !== "string" || typeof address !== "string") return null;
  if (!isCount(run) || !isCount(seq) || !isSize(width) || !isSize(height) || !ADDRESS.test(address)) return null;
  const parent = parentOf(value["parent"]);
  return { camera, run, seq, captured_at, width, height, address, ...(parent && { parent }) };
}

function parentOf(value: unknown): Parent | null {
  if (!isFields(value)) return null;
  const { address, index, map } = value;
  if (typeof address !== "string" || !ADDRESS.test(address) || !isCount(index) || !isAffine(map)) return null;
  return { address, index, map };
}

function detectionOf(value: unknown): Detection | null {
  if (!isFields(value)) return null;
  const { label, score, box, keypoints } = value;
  if (typeof label !== "string" || !isFinite(score) || !isBox(box)) return null;
  if (!Array.isArray(keypoints)) return { label, score, box };
  return { label, score, box, keypoints: keypoints.filter(isPoint) };
}

const wasSentAgain = (value: unknown): boolean =>
  isFields(value) && isFields(value["frame"]) && typeof value["frame"]["redrive_of"] === "string";
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null;
const isFinite = (value: unknown): value is number => Number.isFinite(value);
const isCount = (value: unknown): value is number => isFinite(value) && value >= 0;
const isSize = (value: unknown): value is number => isFinite(value) && value >= 1;
const isBox = (value: unknown): value is Box => Array.isArray(value) && value.length === 4 && value.every(isFinite);
const isAffine = (value: unknown): value is Affine =>
  Array.isArray(value) && value.length === 6 && value.every(isFinite);
const isPoint = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length >= 2 && value.every(isFinite);
