/** What the API says of models and of their last minutes: frames a second, seconds, workers. Null: not known. */

import type { ModelEntry } from "@/contract/types";

export interface ModelVersion {
  readonly version: string;
  readonly precision: string;
  readonly device: string;
  readonly newest_at: string;
}

export interface ModelFigures extends ModelEntry {
  readonly labels: readonly string[];
  readonly partitions: number;
  /** All that gave results of late, newest first. */
  readonly versions: readonly ModelVersion[];
  readonly arrival_fps: number | null;
  readonly inferred_fps: number | null;
  readonly skipped_fps: number | null;
  /** What all replicas together can infer. */
  readonly capacity_fps: number | null;
  /** Whether one replica's part of it was measured, or is what the catalogue says. */
  readonly capacity_known_by: "measured" | "catalogue" | null;
  /** Age of the oldest frame that is not done. */
  readonly lag_s: number | null;
  /** Workers that have partitions. */
  readonly replicas: number | null;
  readonly replicas_min: number;
  readonly replicas_max: number;
  readonly newest_result_at: string | null;
  /** The model whose detections this one gets crops of. */
  readonly follows: string | null;
}

/** One moment of a model's past. */
export interface Sample {
  readonly at: string;
  readonly arrival_fps: number | null;
  readonly inferred_fps: number | null;
  readonly skipped_fps: number | null;
  readonly capacity_fps: number | null;
  readonly lag: number | null;
  readonly lag_s: number | null;
  readonly replicas: number | null;
}

export interface History {
  readonly step_s: number;
  readonly samples: readonly Sample[];
}
