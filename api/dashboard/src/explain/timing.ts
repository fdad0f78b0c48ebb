/** What a frame's time went into, from its capture to its result. */

import type { FullResult } from "@/contract/explain";

export const STEPS = ["sent", "wait", "decode", "infer", "outputs", "rest"] as const;
export type Step = (typeof STEPS)[number];

export const STEP_TITLES: Readonly<Record<Step, string>> = {
  sent: "sent to Kafka",
  wait: "waited for a worker",
  decode: "decoded",
  infer: "inferred",
  outputs: "read the outputs",
  rest: "in between",
};

export interface Timing {
  /** In the order in which they happened; in seconds, none below 0. */
  readonly parts: readonly { readonly step: Step; readonly seconds: number; readonly width: number }[];
  readonly total: number;
  /** Why the parts may not be what they seem; empty: they are. */
  readonly note: string;
}

/** In per cent: what is thinner is not seen. */
const VISIBLE = 1;
/** Seconds that no clock tells apart. */
const LEAST = 0.0005;

/** The times of `result`, whose frame the broker appended at `appendedAt`; null: it is not known when. */
export function timing(result: FullResult, appendedAt: string | null): Timing {
  const { wait, decode, infer, outputs } = result.stages;
  const appended = appendedAt === null ? NaN : Date.parse(appendedAt) / 1000;
  const sent = appended - Date.parse(result.frame.captured_at) / 1000;
  const told = wait + decode + infer + outputs;
  const rest = Date.parse(result.inferred_at) / 1000 - appended - told;
  const all: readonly (readonly [Step, number])[] = [
    ["sent", sent],
    ["wait", wait],
    ["decode", decode],
    ["infer", infer],
    ["outputs", outputs],
    ["rest", rest > LEAST ? rest : 0],
  ];
  const known = all.filter(([, seconds]) => seconds > 0);
  const total = known.reduce((sum, [, seconds]) => sum + seconds, 0);
  const raised = known.map(([, seconds]) => Math.max((100 * seconds) / total, VISIBLE));
  const sum = raised.reduce((one, other) => one + other, 0);
  return {
    parts: known.map(([step, seconds], index) => ({ step, seconds, width: (100 * (raised[index] ?? 0)) / sum })),
    total,
    note: noteOn(sent, wait),
  };
}

function noteOn(sent: number, wait: number): string {
  if (Number.isNaN(sent)) return "When Kafka took the frame is not known any more: the time until then is left out.";
  if (sent < 0) return `The camera’s clock is ahead of Kafka’s by ${duration(-sent)} or more.`;
  if (wait < 0) return `The worker’s clock is behind Kafka’s by ${duration(-wait)} or more.`;
  return "";
}

/** A short time with three digits: 3.4 ms, 120 ms, 2.61 s, 95 s. */
export function duration(seconds: number): string {
  const ms = seconds * 1000;
  if (ms < 9.995) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  return `${Math.round(seconds)} s`;
}
