/** What the API sends, as far as this page reads it: the types of `schemas/messages` and of the API's answers. */

/** (x1, y1, x2, y2) in pixels of the frame. */
export type Box = readonly [number, number, number, number];

export interface Detection {
  readonly label: string;
  readonly score: number;
  readonly box: Box;
  /** (x, y) or (x, y, score) in pixels of the frame. */
  readonly keypoints?: readonly (readonly number[])[];
}

export interface FrameReference {
  readonly camera: string;
  readonly run: number;
  readonly seq: number;
  readonly captured_at: string;
  readonly width: number;
  readonly height: number;
  /** model/partition/offset: where the JPEG lives in the log. */
  readonly address: string;
  /** Of a crop, the frame that it was cut out of. */
  readonly parent?: Parent;
}

/** Six numbers a … f that lead from a pixel of the crop to one of the frame: x' = a x + b y + c, y' = d x + e y + f. */
export type Affine = readonly [number, number, number, number, number, number];

export interface Parent {
  readonly address: string;
  /** The place of the detection that the crop shows, in the result of that frame. */
  readonly index: number;
  readonly map: Affine;
}

export interface Result {
  readonly frame: FrameReference;
  readonly model: { readonly name: string };
  readonly detections: readonly Detection[];
}

/** A place in a picture: shares of its width, from the left, and of its height, from the top. */
export type Point = readonly [number, number];

/** Corners in order, of which the last joins the first: an area of the picture as it is sent, after rotation. */
export type Polygon = readonly Point[];

/** What is wanted of a camera. */
export interface Camera {
  readonly id: string;
  readonly source: string;
  readonly models: readonly string[];
  readonly site: string;
  /** Frames a second at most; null: the source's own. */
  readonly fps: number | null;
  readonly loop: boolean;
  readonly pacing: "native" | "max";
  readonly transport: "tcp" | "udp";
  readonly lane: "live" | "batch";
  readonly quality: number;
  readonly enabled: boolean;
  readonly rotate: 0 | 90 | 180 | 270;
  readonly flip: "horizontal" | "vertical" | null;
  readonly masks: readonly Polygon[];
  readonly roi: Polygon | null;
  /** Frames a second while nothing moves; null: no gating. */
  readonly still_fps: number | null;
  /** The share of the area that must change. */
  readonly motion: number;
  readonly schedule: readonly string[];
  readonly timezone: string;
}

export type CameraState = "connecting" | "streaming" | "still" | "failed" | "ended" | "stopped";

export interface CameraStatus {
  readonly state: CameraState;
  readonly since: string;
  readonly owner?: string;
  readonly run?: number | null;
  /** Of its pictures, in pixels, after turning. */
  readonly width?: number | null;
  readonly height?: number | null;
  /** Pictures a second, as capture measures them. */
  readonly fps?: number | null;
  readonly error?: string | null;
  readonly last_error?: string | null;
  readonly last_error_at?: string | null;
  /** What the state does not say, such as until when a stopped camera is outside of its hours. */
  readonly note?: string | null;
}

export interface CameraEntry {
  readonly camera: Camera;
  readonly status: CameraStatus | null;
}

export interface ModelEntry {
  readonly name: string;
  readonly title: string;
  /** Seconds above which a live frame may be skipped. */
  readonly max_age: number;
  /** Frames in the log that the model's workers have not finished; null: not known. */
  readonly lag: number | null;
  readonly version: string | null;
  readonly precision: string | null;
  readonly device: string | null;
  /** The model whose detections this one gets crops of; null: it gets whole frames. */
  readonly follows?: string | null;
}

/** Where the frames of one camera for one model are: counts of frames. */
export interface Account {
  readonly camera: string | null;
  readonly model: string;
  readonly captured: number;
  /** What a second stage was offered: in place of captured frames. */
  readonly cropped: number;
  /** Dead letters that were sent again: delivered once more, but not captured once more. */
  readonly redriven: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly delivered: number;
  readonly failed: number;
  readonly unknown: number;
  readonly inferred: number;
  readonly dead: number;
  readonly stale: number;
  readonly expired: number;
  readonly other: number;
  readonly in_log: number;
  /** Retention took them unread, and no worker has recorded that yet. */
  readonly gone: number;
  readonly unexplained: number;
}

export interface Unexplained {
  readonly fault: string;
  readonly model: string;
  readonly camera: string | null;
  readonly frames: number;
  readonly address: string | null;
}

export interface LedgerReport {
  /** Every frame is explained, and every record could be read. */
  readonly clean: boolean;
  readonly accounts: readonly Account[];
  readonly uncounted: readonly Account[];
  /** The first of them: the accounts count all. */
  readonly unexplained: readonly Unexplained[];
  readonly malformed_count: number;
}
