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
}

export interface Result {
  readonly frame: FrameReference;
  readonly model: { readonly name: string };
  readonly detections: readonly Detection[];
}

export interface Camera {
  readonly id: string;
  readonly models: readonly string[];
  readonly enabled: boolean;
}

export type CameraState = "connecting" | "streaming" | "still" | "failed" | "ended" | "stopped";

export interface CameraStatus {
  readonly state: CameraState;
  readonly since: string;
  readonly owner?: string;
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
