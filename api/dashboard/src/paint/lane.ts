/** Draws one lane of a timeline. */

import { colourOf } from "@/paint/colour";
import { LOOKED, type Lane, type Span } from "@/live/timeline";

const LOOKED_COLOUR = "#5b6878";

/** Paints `lane` over the span that ends `now`; what was seen with a low score is fainter. */
export function paintLane(canvas: HTMLCanvasElement, lane: Lane, span: Span, now: number, dpr: number): void {
  const width = Math.round(canvas.clientWidth * dpr);
  const height = Math.round(canvas.clientHeight * dpr);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) return;
  context.clearRect(0, 0, width, height);
  context.fillStyle = lane.label === LOOKED ? LOOKED_COLOUR : colourOf(lane.label);
  const scale = width / (1000 * span.seconds);
  const stepMs = 1000 * span.step;
  for (const hit of lane.hits) {
    const left = width - (now - Math.floor(hit.at / stepMs) * stepMs) * scale;
    context.globalAlpha = lane.label === LOOKED ? 1 : 0.3 + 0.7 * hit.score;
    context.fillRect(Math.floor(left), 0, Math.max(dpr, Math.ceil(stepMs * scale)), height);
  }
}
