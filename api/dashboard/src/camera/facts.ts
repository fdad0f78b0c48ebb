/** What the page says of a camera beside its picture: pure. */

import { isPath, isRtsp } from "@/camera/draft";
import { rowOf, rowWords } from "@/camera/hours";
import type { Camera, CameraStatus } from "@/contract/types";
import { clockTime, counted, rate, span } from "@/text/format";

export interface Fact {
  readonly name: string;
  readonly value: string;
  /** Whether it is an address, a path or the like, which reads better in letters of one width. */
  readonly code?: boolean;
}

/** How the camera is doing, by the newest word of capture. */
export function statusFacts(camera: Camera | null, status: CameraStatus | null, now: number): Fact[] {
  if (!status) return [];
  const facts: Fact[] = [{ name: "Since", value: sinceWords(status.since, now) }];
  if (typeof status.fps === "number") {
    const limit = typeof camera?.fps === "number" ? ` of at most ${numberWords(camera.fps)}` : "";
    facts.push({ name: "From the camera", value: `${rate(status.fps)} fps${limit}` });
  }
  if (status.width && status.height) facts.push({ name: "Picture", value: `${status.width} × ${status.height}` });
  if (status.owner) facts.push({ name: "Run by", value: status.owner, code: true });
  if (status.last_error && status.last_error_at) {
    facts.push({ name: "Last error", value: `${clockTime(status.last_error_at)}: ${status.last_error}` });
  }
  return facts;
}

/** What is wanted of the camera; what is as by default is left out where nobody would miss it. */
export function wantedFacts(camera: Camera): Fact[] {
  const facts: Fact[] = [{ name: "Source", value: camera.source, code: true }];
  if (isRtsp(camera.source)) facts.push({ name: "Transport", value: camera.transport.toUpperCase() });
  if (isPath(camera.source)) {
    const pace = camera.pacing === "max" ? "as fast as possible" : "at its own pace";
    facts.push({ name: "Read", value: `${pace}, ${camera.loop ? "again and again" : "once"}` });
  }
  facts.push({ name: "Site", value: camera.site });
  if (camera.lane !== "live") facts.push({ name: "Lane", value: `${camera.lane}: no frame is skipped for its age` });
  facts.push({
    name: "Rate",
    value: camera.fps === null ? "the source’s own" : `at most ${numberWords(camera.fps)} fps`,
  });
  facts.push({ name: "Quality", value: String(camera.quality) });
  const turned = [
    camera.rotate ? `${camera.rotate}° clockwise` : "",
    camera.flip ? `mirrored ${camera.flip === "horizontal" ? "left–right" : "top–bottom"}` : "",
  ].filter(Boolean);
  if (turned.length) facts.push({ name: "Turned", value: turned.join(", ") });
  if (camera.still_fps !== null) {
    const share = numberWords(100 * camera.motion);
    facts.push({
      name: "Nothing moves",
      value: `${numberWords(camera.still_fps)} fps, below ${share} % of the ${camera.roi ? "region of interest" : "picture"}`,
    });
  }
  if (camera.masks.length) facts.push({ name: "Masks", value: counted(camera.masks.length, "area") });
  if (camera.schedule.length) {
    const hours = camera.schedule.map((text) => hoursWords(text)).join("; ");
    facts.push({ name: "Hours", value: `${hours} (${camera.timezone})` });
  }
  return facts;
}

function hoursWords(text: string): string {
  const row = rowOf(text);
  return row ? rowWords(row) : text;
}

const sinceWords = (since: string, now: number): string =>
  `${clockTime(since)}, ${span(Math.max(0, (now - Date.parse(since)) / 1000))} ago`;

const numberWords = (value: number): string => String(Number(value.toPrecision(6)));
