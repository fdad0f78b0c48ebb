/** One camera seen by one model: its newest result, the picture that it shows, and what the page says of both. */

import { shallowRef } from "vue";
import { getPicture } from "@/api/client";
import type { CameraEntry, Result } from "@/contract/types";
import { Crops, wholeFrame } from "@/live/crops";
import { isNewer } from "@/live/order";
import { Rate } from "@/live/rate";
import { statusLine, tileState, type TileState } from "@/live/state";
import { paint } from "@/paint/draw";
import { pictureAsStored } from "@/paint/stored";
import { age, clockTime, freshness, type Freshness } from "@/text/format";

export interface TileView {
  readonly state: TileState;
  /** What capture has told of the camera, in a line. */
  readonly status: string;
  readonly fps: number;
  /** Of the picture that is shown; null while there is none. */
  readonly picture: PictureView | null;
  /** Why the newest picture could not be shown; empty: it could. */
  readonly trouble: string;
}

export interface PictureView {
  readonly address: string;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  readonly detections: number;
  readonly age: string;
  readonly freshness: Freshness;
}

/** Seconds: the age of a late picture where the catalogue does not say when a model's frames are stale. */
const MAX_AGE = 5;

const EMPTY_VIEW: TileView = {
  state: { tone: "busy", label: "waiting for the first result", detail: "" },
  status: "",
  fps: 0,
  picture: null,
  trouble: "",
};

export class Tile {
  readonly key: string;
  readonly view = shallowRef<TileView>(EMPTY_VIEW);
  readonly held = shallowRef(false);
  entry: CameraEntry | null = null;
  maxAge = MAX_AGE;
  /** Whether the model gets crops of what another one saw, and so nothing where that saw nothing. */
  follows = false;
  #newest: Result | null = null;
  #seenAt: number | null = null;
  readonly #rate = new Rate();
  readonly #crops = new Crops();
  #canvas: HTMLCanvasElement | null = null;
  #picture: ImageBitmap | null = null;
  #shown: Result | null = null;
  #paints = 0;
  #trouble = "";

  constructor(
    readonly camera: string,
    readonly model: string,
  ) {
    this.key = tileKey(camera, model);
  }

  /** Takes a result that came at `now`; true where it is the newest, and worth painting. */
  accept(result: Result, now: number): boolean {
    this.#rate.add(now);
    return this.recall(result, now);
  }

  /** Takes a result of the past, from before this page was opened, that came at `seenAt`. */
  recall(result: Result, seenAt: number): boolean {
    this.#seenAt = Math.max(this.#seenAt ?? -Infinity, seenAt);
    const frame = wholeFrame(result.frame);
    const isMore = result.frame.parent !== undefined && frame.address === this.#newest?.frame.address;
    if (this.#newest && !isMore && !isNewer(frame, this.#newest.frame)) return false;
    this.follows ||= result.frame.parent !== undefined;
    this.#newest = this.#crops.gather(result);
    return true;
  }

  /** The newest result, as it is to be shown; of crops, all that were seen in their frame so far. */
  get newest(): Result | null {
    return this.#newest;
  }

  /** Takes whatever comes next as the newest: the log may have been made anew while we were away. */
  forgetOrder(): void {
    this.#newest = null;
  }

  /** Milliseconds since a result came; null: none has. */
  quiet(now: number): number | null {
    return this.#seenAt === null ? null : now - this.#seenAt;
  }

  /** Shows pictures on `canvas` from now on; null: on none. */
  attach(canvas: HTMLCanvasElement | null): void {
    this.#canvas = canvas;
    this.repaint();
  }

  /** Fetches the frame of `result` and paints it; faults end in the view. */
  async show(result: Result): Promise<void> {
    if (result.frame.address === this.#shown?.frame.address && this.#picture) {
      this.#present(this.#picture, result);
      return;
    }
    const answer = await getPicture(result.frame.address);
    if (answer.kind !== "ok") {
      // Where the API or Kafka is away, the page says so once, not every tile.
      this.#trouble = answer.kind === "failed" ? troubleWith(result.frame.address, answer) : "";
      return;
    }
    try {
      const picture = await pictureAsStored(answer.value);
      if (this.held.value) {
        picture.close(); // It was held while this one was under way.
        return;
      }
      this.#picture?.close();
      this.#present(picture, result);
    } catch {
      this.#trouble = `Frame ${result.frame.address} is no picture that this browser can read.`;
    }
  }

  #present(picture: ImageBitmap, result: Result): void {
    const { width, height } = picture;
    this.#picture = picture;
    // A crop's result does not say how large its frame was.
    this.#shown = result.frame.parent ? { ...result, frame: { ...result.frame, width, height } } : result;
    this.#trouble = "";
    this.repaint();
  }

  /** Paints the picture that is shown once more, as after a change of the tile's size. */
  repaint(): void {
    const canvas = this.#canvas;
    if (!canvas || !this.#picture || !this.#shown) return;
    paint(canvas, this.#picture, this.#shown, Math.min(window.devicePixelRatio, 2));
    canvas.dataset["address"] = this.#shown.frame.address;
    canvas.dataset["seq"] = String(this.#shown.frame.seq);
    canvas.dataset["paints"] = String(++this.#paints);
  }

  /** Brings the view up to date. */
  refresh(now: number, wallClock: number, informed: boolean): void {
    const quiet = this.quiet(now);
    const state = tileState({
      configured: this.entry !== null,
      enabled: this.entry?.camera.enabled ?? true,
      site: this.entry?.camera.site ?? "",
      status: this.entry?.status ?? null,
      quiet: quiet === null ? null : quiet / 1000,
      informed,
      follows: this.follows,
    });
    this.view.value = {
      state,
      status: statusLine(this.entry?.status ?? null, clockTime),
      fps: this.#rate.perSecond(now),
      picture: this.#pictureView(wallClock),
      trouble: this.#trouble,
    };
  }

  #pictureView(wallClock: number): PictureView | null {
    if (!this.#shown) return null;
    const { address, captured_at, width, height } = this.#shown.frame;
    const seconds = (wallClock - Date.parse(captured_at)) / 1000;
    return {
      address,
      width,
      height,
      detections: this.#shown.detections.length,
      age: age(seconds),
      // A still camera's picture may be old: nothing in it has moved since.
      freshness: this.entry?.status?.state === "still" ? "fresh" : freshness(seconds, this.maxAge),
    };
  }
}

/** The key of the tile of `camera` and `model`. */
export const tileKey = (camera: string, model: string): string => `${camera}/${model}`;

function troubleWith(address: string, fault: { status: number; detail: string }): string {
  if (fault.status === 410) return `Frame ${address} has expired: the log no longer keeps its picture.`;
  return `Frame ${address}: ${fault.detail}`;
}
