/** What the API says of one frame: its outcome, and all of its results. */

import { resultOf } from "@/contract/parse";
import type { FrameReference, Result } from "@/contract/types";
import type { Letter, Sending } from "@/contract/letters";

/** Seconds; `wait` is from the broker's append to the worker's start, and below 0 where their clocks differ. */
export interface Stages {
  readonly wait: number;
  readonly decode: number;
  readonly infer: number;
  readonly outputs: number;
}

/** A result with all that Explain tells of it. */
export interface FullResult extends Result {
  readonly frame: FrameReference;
  /** The address that the frame had at first, where it was sent again. */
  readonly redrive_of: string | null;
  readonly model: {
    readonly name: string;
    readonly version: string;
    readonly precision: string;
    readonly device: string;
  };
  readonly stages: Stages;
  readonly inferred_at: string;
}

export interface ExplainedFrame {
  readonly camera: string;
  readonly run: number;
  readonly seq: number;
  readonly captured_at: string;
  /** Null: retention has taken the frame, and with it this. */
  readonly appended_at: string | null;
  readonly width: number;
  readonly height: number;
  readonly lane: string;
}

export type OutcomeWord = "inferred" | "skipped" | "dead-lettered" | "waiting" | "expired" | "unknown";

/** The answer of `frames/…/outcome`; its results are JSON as they stand in the log. */
export interface OutcomeAnswer {
  readonly address: string;
  readonly outcome: OutcomeWord;
  readonly detail: string | null;
  readonly frame: ExplainedFrame | null;
  readonly picture: "available" | "expired" | "none";
  readonly results: readonly unknown[];
  readonly skip: { readonly reason: string; readonly at: string } | null;
  readonly dead_letter: Letter | null;
  readonly redrives: readonly Sending[];
}

type Fields = Readonly<Record<string, unknown>>;

/** The result in a JSON value with all that Explain tells of it, or null where it is not one. */
export function fullResultOf(value: unknown): FullResult | null {
  const result = resultOf(value);
  if (!result || !isFields(value) || !isFields(value["frame"]) || !isFields(value["model"])) return null;
  const { stages, inferred_at } = value;
  if (!isFields(stages) || typeof inferred_at !== "string") return null;
  const { version, precision, device } = value["model"];
  const { redrive_of } = value["frame"];
  return {
    frame: result.frame,
    redrive_of: typeof redrive_of === "string" ? redrive_of : null,
    model: { name: result.model.name, version: text(version), precision: text(precision), device: text(device) },
    detections: result.detections,
    stages: {
      wait: seconds(stages["wait"]),
      decode: seconds(stages["decode"]),
      infer: seconds(stages["infer"]),
      outputs: seconds(stages["outputs"]),
    },
    inferred_at,
  };
}

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null;
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const seconds = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);
