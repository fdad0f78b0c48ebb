/** What a model's panel says of it: pure, from its figures and its last minutes. */

import type { ModelFigures, ModelVersion, Sample } from "@/contract/models";
import type { Tone } from "@/live/state";
import { counted, rate, span } from "@/text/format";

export interface ModelState {
  readonly tone: Tone;
  readonly label: string;
  readonly detail: string;
  /** What would help, where something does. */
  readonly help: string;
}

/** Arrivals that are above the capacity by less are not: both are measured. */
const TOLERANCE = 1.02;
/** Seconds within which two versions give results while an update rolls out. */
const ROLLING_S = 60;

/** The state of `model`, of which `samples` are the last minutes, oldest first. */
export function modelState(model: ModelFigures, samples: readonly Sample[]): ModelState {
  const { replicas, replicas_min: least, lag } = model;
  if (replicas === null) {
    return say("idle", "unknown", "Kafka does not say who works on it, nor how far they are.");
  }
  const waiting = lag !== null && lag > 0 ? waitingFrames(lag) : null;
  if (replicas === 0) {
    if (waiting && least > 0) {
      const help = "Look at its worker’s log, or start one: framebus run inference --model " + model.name;
      return say("bad", "no worker", `${waiting}, none is lost, and no worker is there.`, help);
    }
    if (waiting) return say("busy", "waking", `${waiting}: the first worker is on its way.`);
    if (least > 0) return say("idle", "not running", "No worker runs it, and no frame waits for one.");
    return say("idle", "asleep", "It wakes on the first frame.");
  }
  if (waiting && isCompiling(model, samples)) {
    const detail = `The first results are not there yet: a worker loads and compiles the network. ${waiting}.`;
    return say("busy", "compiling", detail);
  }
  if (isAtMaximum(model)) {
    return say("warn", "at its maximum", atMaximum(model), whatHelps(model));
  }
  const skipping = (model.skipped_fps ?? 0) >= 0.05;
  if (skipping) {
    const detail = `Live frames older than ${span(model.max_age)} are skipped, and recorded as such.`;
    return say("warn", "skipping", detail);
  }
  if (model.lag_s !== null && model.lag_s > model.max_age / 2) {
    return say("busy", "catching up", `The oldest frame has waited for ${span(model.lag_s)}.`);
  }
  if (!waiting && !(model.arrival_fps ?? 0)) return say("good", "ready", "No frame arrives.");
  return say("good", "keeping up", "");
}

const say = (tone: Tone, label: string, detail: string, help = ""): ModelState => ({ tone, label, detail, help });

const waitingFrames = (lag: number): string => `${counted(lag, "frame")} ${lag === 1 ? "waits" : "wait"}`;

/** Whether there is a worker, but nothing from it since there is one. */
function isCompiling(model: ModelFigures, samples: readonly Sample[]): boolean {
  if ((model.inferred_fps ?? 0) > 0) return false;
  if (model.newest_result_at === null) return true;
  const none = samples.findLastIndex((sample) => sample.replicas === 0);
  const since = none < 0 ? undefined : samples[none]?.at;
  return since !== undefined && Date.parse(model.newest_result_at) <= Date.parse(since);
}

function isAtMaximum({ replicas, replicas_max: most, arrival_fps: arrival, capacity_fps: capacity }: ModelFigures) {
  return (
    replicas !== null && replicas >= most && arrival !== null && capacity !== null && arrival > capacity * TOLERANCE
  );
}

function atMaximum({ arrival_fps: arrival, capacity_fps: capacity, replicas_max: most }: ModelFigures): string {
  const workers = most === 1 ? "its one worker infers" : `its ${most} workers infer`;
  return `${rate(arrival ?? 0)} frames arrive a second, and ${workers} ${rate(capacity ?? 0)}. No more workers are allowed.`;
}

function whatHelps({ name, replicas_max: most, partitions }: ModelFigures): string {
  const more =
    most < partitions
      ? `a larger replicas.max in the catalogue (its topic has ${partitions} partitions, so up to ${partitions} help)`
      : "more partitions, and with them a larger replicas.max";
  return `What helps: ${more}; fewer frames a second from its cameras; INT8 (framebus model quantize ${name}).`;
}

export interface Versions {
  /** All that give results just now: two of them while an update rolls out. */
  readonly running: readonly ModelVersion[];
  /** The one before, where it gives none any more. */
  readonly before: ModelVersion | null;
}

/** Which of a model's versions, newest first, are at work. */
export function versionsOf(versions: readonly ModelVersion[]): Versions {
  const newest = Date.parse(versions[0]?.newest_at ?? "");
  const isRunning = (one: ModelVersion): boolean => newest - Date.parse(one.newest_at) <= 1000 * ROLLING_S;
  return { running: versions.filter(isRunning), before: versions.find((one) => !isRunning(one)) ?? null };
}

/** All models in a sentence. */
export function inShort(states: readonly ModelState[]): string {
  if (states.length === 0) return "No model is used yet";
  const counts = new Map<string, number>();
  for (const { label } of states) counts.set(label, (counts.get(label) ?? 0) + 1);
  const parts = [...counts].sort(([, one], [, other]) => other - one).map(([label, many]) => `${many} ${label}`);
  return `${counted(states.length, "model")}: ${parts.join(", ")}`;
}

const URGENCY: readonly Tone[] = ["bad", "warn", "busy", "good", "idle"];

/** How early a panel comes: trouble first, what sleeps last. */
export const urgency = (state: ModelState): number => URGENCY.indexOf(state.tone);
