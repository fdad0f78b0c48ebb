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
  expired: "Retention took it from the log before a worker read it.",
};

/** The verdict on what the API answered last, or on why it has not. */
export function verdictOf(answer: OutcomeAnswer | null, fault: Fault | null): Verdict {
  if (answer) return verdictOn(answer);
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
  const detail = answer.detail ? ` ${ended(capitalised(answer.detail))}` : "";
  switch (answer.outcome) {
    case "inferred":
      return { tone: "good", label: "inferred", sentence: `${timesInferred(answer)}${detail}` };
    case "skipped": {
      const reason = answer.skip?.reason ?? "unknown";
      const why = SKIPS[reason] ?? "For a reason that only a newer release knows.";
      return { tone: "warn", label: `skipped: ${reason}`, sentence: `${why}${detail}` };
    }
    case "dead-lettered":
      return { tone: "bad", label: "dead-lettered", sentence: `${deadSentence(answer)}${detail}` };
    case "waiting":
      return {
        tone: "busy",
        label: "waiting",
        sentence: `It is in the log, and no worker has come to it yet.${detail}`,
      };
    case "expired":
      return { tone: "idle", label: "expired", sentence: `The log does not have it any more.${detail}` };
    case "unknown":
      return { tone: "idle", label: "unknown", sentence: `No outcome of it was found.${detail}` };
  }
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
