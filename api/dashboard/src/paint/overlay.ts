/** Where boxes and their labels go on the canvas: pure geometry, in canvas pixels. */

import type { Detection } from "@/contract/types";
import { colourOf } from "@/paint/colour";

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Mark {
  readonly colour: string;
  readonly box: Rect;
  readonly text: string;
  /** Where the label stands; null where there is no free place for it. */
  readonly pill: Rect | null;
  readonly points: readonly Place[];
  /** Of a person's 17 points, the lines between joints. */
  readonly limbs: readonly (readonly [Place, Place])[];
}

type Place = readonly [number, number];

export interface Canvas {
  readonly width: number;
  readonly height: number;
  /** Canvas pixels for one pixel of the frame, and for one pixel of the page. */
  readonly scale: number;
  readonly dpr: number;
}

export type Measure = (text: string) => number;

export const PILL_HEIGHT = 19;
export const PILL_PADDING = 6;
/** Pixels of the page below which a picture would be hidden by its labels. */
const LEAST_WIDTH = 200;
/** Of a keypoint that is drawn. */
const LEAST_SCORE = 0.2;

/** COCO's 17 points of a person, and which of them are joined. */
const JOINTS = 17;
const LIMBS: readonly (readonly [number, number])[] = [
  [0, 1],
  [0, 2],
  [1, 3],
  [2, 4],
  [5, 6],
  [5, 7],
  [7, 9],
  [6, 8],
  [8, 10],
  [5, 11],
  [6, 12],
  [11, 12],
  [11, 13],
  [13, 15],
  [12, 14],
  [14, 16],
];

/** Marks for `detections`, the strongest first: it also gets the first choice of a place for its label. */
export function layOut(detections: readonly Detection[], canvas: Canvas, measure: Measure): Mark[] {
  const taken: Rect[] = [];
  const strongest = [...detections].sort((one, other) => other.score - one.score);
  return strongest.map((detection) => {
    const box = boxOf(detection, canvas);
    const text = `${detection.label} ${Math.round(detection.score * 100)}%`;
    const pill = canvas.width < LEAST_WIDTH * canvas.dpr ? null : placePill(box, measure(text), canvas, taken);
    if (pill) taken.push(pill);
    return { colour: colourOf(detection.label), box, text, pill, ...bodyOf(detection.keypoints ?? [], canvas.scale) };
  });
}

/** The points that their model is sure enough of, and where they are a person's, the limbs between them. */
function bodyOf(keypoints: readonly (readonly number[])[], scale: number): Pick<Mark, "points" | "limbs"> {
  const places = keypoints.map(([x = 0, y = 0, score = 1]) =>
    score < LEAST_SCORE ? null : ([x * scale, y * scale] as const),
  );
  const pairs = places.length === JOINTS ? LIMBS.map(([one, other]) => [places[one], places[other]] as const) : [];
  const isLimb = (pair: readonly (Place | null | undefined)[]): pair is readonly [Place, Place] => pair.every(Boolean);
  return { points: places.filter((place) => place !== null), limbs: pairs.filter(isLimb) };
}

function boxOf(detection: Detection, canvas: Canvas): Rect {
  const [x1, y1, x2, y2] = detection.box;
  const { scale } = canvas;
  return { x: x1 * scale, y: y1 * scale, width: (x2 - x1) * scale, height: (y2 - y1) * scale };
}

/** The first free place: above the box, inside its top, below it, inside its bottom. */
function placePill(box: Rect, textWidth: number, canvas: Canvas, taken: readonly Rect[]): Rect | null {
  const height = PILL_HEIGHT * canvas.dpr;
  const width = Math.min(textWidth + 2 * PILL_PADDING * canvas.dpr, canvas.width);
  const x = clamp(box.x, 0, canvas.width - width);
  const bottom = box.y + box.height;
  const places = [box.y - height, box.y, bottom, bottom - height].map((y) => ({ x, y, width, height }));
  const inside = places.filter((place) => place.y >= 0 && place.y + height <= canvas.height);
  return inside.find((place) => !taken.some((other) => overlaps(place, other))) ?? null;
}

/** Whether two rectangles share any area. */
export function overlaps(one: Rect, other: Rect): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(value, high));
