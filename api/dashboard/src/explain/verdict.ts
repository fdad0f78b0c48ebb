/** What became of a frame, in a word and a sentence. */

import type { Fault } from "@/api/client";
import type { OutcomeAnswer } from "@/contract/explain";
import type { Tone } from "@/live/state";
import { capitalised, counted } from "@/text/format";

export interface Verdict {
  readonly tone: Tone;
  readonly label: string;
  readonly sentence: string;
}

const SKIPS: Readonly<Record<string, string>> = {
  stale:
    "A live frame, older than its model’s limit when a worker came to it: skipped on purpose, so that results are fresh.",
};

/** The verdict on what the API answered last, or on why it has not; `gone`: its model, where the catalogue has it no more. */
export function verdictOf(answer: OutcomeAnswer | null, fault: Fault | null, gone: string | null = null): Verdict {
  if (answer) return verdictOn(answer);
  if (gone !== null && fault?.kind === "failed" && fault.status === 404) {
    const sentence = `The catalogue has no model ${gone} (any more), so nobody reads its frames. What it saw stays in the log.`;
    return { tone: "warn", label: "model not in the catalogue", sentence };
  }
  switch (fault?.kind) {
    case undefined:
      return { tone: "busy", label: "asking", sentence: "" };
    case "unreachable":
      return { tone: "bad", label: "no answer", sentence: "The API does not answer; this page tries again by itself." };
    case "unavailable":
      return { tone: "bad", label: "not now", sentence: `${ended(capitalised(fault.detail))} This page tries again.` };
    case "failed":
      return { tone: "warn", label: FAILURES[fault.status] ?? "no answer", sentence: ended(capitalised(fault.detail)) };
  }
}

const FAILURES: Readonly<Record<number, string>> = {
  404: "unknown address",
  409: "of another log",
  410: "expired",
  422: "not an address",
};

/** The verdict on `answer`. */
export function verdictOn(answer: OutcomeAnswer): Verdict {
  switch (answer.outcome) {
    case "inferred":
      return { tone: "good", label: "inferred", sentence: timesInferred(answer) };
    case "skipped": {
      const reason = answer.skip?.reason ?? "unknown";
      return { tone: "warn", label: `skipped: ${reason}`, sentence: SKIPS[reason] ?? sentenceOf(answer) };
    }
    case "dead-lettered":
      return { tone: "bad", label: "dead-lettered", sentence: deadSentence(answer) };
    case "waiting":
      return { tone: "busy", label: "waiting", sentence: `No worker has come to it yet: ${sentenceOf(answer, false)}` };
    case "expired":
      return { tone: "warn", label: "expired", sentence: sentenceOf(answer) };
    default:
      return { tone: "idle", label: answer.outcome, sentence: sentenceOf(answer) };
  }
}

/** What the API says of it in words. */
function sentenceOf({ detail }: OutcomeAnswer, begins = true): string {
  const text = ended(detail ?? "nothing more is known");
  return begins ? capitalised(text) : text;
}

function timesInferred({ results }: OutcomeAnswer): string {
  if (results.length < 2) return "A worker inferred it, and Kafka acknowledged the result.";
  return `It was inferred ${results.length} times, by a redelivery: a result’s id is the frame’s address, so readers can drop repeats.`;
}

function deadSentence({ dead_letter: letter, redrives }: OutcomeAnswer): string {
  const again =
    redrives.length > 0 ? ` It was sent again ${redrives.length === 1 ? "once" : `${redrives.length} times`}.` : "";
  if (!letter) return `The frame itself was at fault.${again}`;
  const tried = letter.attempts > 1 ? `, after ${counted(letter.attempts, "attempt")}` : "";
  return `${letter.error}${tried}: ${ended(letter.message)}${again}`;
}

/** `text` with the full stop of a sentence. */
const ended = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
