/** Draws a picture and the boxes of exactly its result in one go: a box never stands on another frame. */

import type { Detection } from "@/contract/types";
import { INK } from "@/paint/colour";
import { layOut, PILL_PADDING, type Canvas, type Mark } from "@/paint/overlay";

const FONT = "600 12px system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";

/** What is painted over a picture: the detections of its frame, and the size of which they are pixels. */
export interface Seen {
  readonly frame: { readonly width: number; readonly height: number };
  readonly detections: readonly Detection[];
}

/** Fits the canvas's pixels to the space it has on the page, keeping the frame's shape. */
export function fitCanvas(canvas: HTMLCanvasElement, frame: { width: number; height: number }, dpr: number): void {
  const stage = canvas.parentElement;
  if (!stage || stage.clientWidth === 0) return;
  const across = stage.clientWidth / frame.width;
  const down = stage.clientHeight / frame.height;
  const fit = Math.min(across, down);
  // A picture that fits but for rounding is stretched by that much: no hairline beside it.
  canvas.style.objectFit = Math.abs(across / down - 1) < 0.01 ? "fill" : "contain";
  const width = Math.max(1, Math.round(frame.width * fit * dpr));
  const height = Math.max(1, Math.round(frame.height * fit * dpr));
  // Setting a canvas's size clears it, even to the size that it has.
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

/** Paints `picture` with the detections of `result` over it. */
export function paint(canvas: HTMLCanvasElement, picture: CanvasImageSource, result: Seen, dpr: number): void {
  fitCanvas(canvas, result.frame, dpr);
  const context = canvas.getContext("2d", { alpha: false });
  if (!context) return;
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  context.font = FONT.replace("12px", `${12 * dpr}px`);
  context.textBaseline = "middle";
  const space: Canvas = { width: canvas.width, height: canvas.height, scale: canvas.width / result.frame.width, dpr };
  const marks = layOut(result.detections, space, (text) => context.measureText(text).width);
  // The weakest first, so that the strongest ends on top; labels above all boxes.
  for (const mark of marks.toReversed()) drawBox(context, mark, dpr);
  for (const mark of marks.toReversed()) drawPill(context, mark, dpr);
}

function drawBox(context: CanvasRenderingContext2D, mark: Mark, dpr: number): void {
  const { x, y, width, height } = mark.box;
  context.lineJoin = "round";
  context.strokeStyle = INK;
  context.globalAlpha = 0.55;
  context.lineWidth = 4 * dpr;
  context.strokeRect(x, y, width, height);
  context.globalAlpha = 1;
  context.strokeStyle = mark.colour;
  context.lineWidth = 2 * dpr;
  context.strokeRect(x, y, width, height);
  drawLimbs(context, mark, dpr);
  // Of somebody far away the points must not hide the person.
  const radius = Math.max(dpr, Math.min(2.5 * dpr, height / 50));
  for (const [px, py] of mark.points) {
    context.beginPath();
    context.arc(px, py, radius, 0, 2 * Math.PI);
    context.fillStyle = mark.colour;
    context.strokeStyle = INK;
    context.lineWidth = radius / 2.5;
    context.fill();
    context.stroke();
  }
}

function drawLimbs(context: CanvasRenderingContext2D, mark: Mark, dpr: number): void {
  if (mark.limbs.length === 0) return;
  context.beginPath();
  for (const [[x1, y1], [x2, y2]] of mark.limbs) {
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
  }
  context.strokeStyle = mark.colour;
  context.lineWidth = 1.5 * dpr;
  context.stroke();
}

function drawPill(context: CanvasRenderingContext2D, mark: Mark, dpr: number): void {
  if (!mark.pill) return;
  const { x, y, width, height } = mark.pill;
  context.beginPath();
  context.roundRect(x, y, width, height, 4 * dpr);
  context.fillStyle = mark.colour;
  context.fill();
  context.fillStyle = INK;
  context.fillText(mark.text, x + PILL_PADDING * dpr, y + height / 2 + dpr / 2, width - 2 * PILL_PADDING * dpr);
}
