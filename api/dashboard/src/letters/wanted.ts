/** Which dead letters are asked for, and what came of sending them again. */

import type { Letter, SentAgain } from "@/contract/letters";

export interface Wanted {
  /** Empty: all. */
  readonly model: string;
  readonly camera: string;
  readonly error: string;
  readonly since: string;
}

export const EVERYTHING: Wanted = { model: "", camera: "", error: "", since: "" };

export const AGES = [
  { value: "", title: "any time" },
  { value: "15m", title: "last 15 min" },
  { value: "1h", title: "last hour" },
  { value: "1d", title: "last day" },
] as const;

/** Letters on a page. */
const PAGE = 25;

/** The request for `wanted`, from `before` on. */
export function letterQuery(wanted: Wanted, before: string | null): string {
  const given = Object.entries(wanted).filter(([, value]) => value !== "");
  const query = new URLSearchParams([...given, ["limit", String(PAGE)]]);
  if (before !== null) query.set("before", before);
  return `dead-letters?${query}`;
}

/** Whether a letter may be sent again without being asked twice: it never was, or it died of it once more. */
export function isFresh(letter: Letter): boolean {
  const last = letter.redrives.at(-1);
  return last === undefined || last.outcome === "dead again";
}

/** What became of a letter that was sent again before; empty: it was not. */
export function fateOf(letter: Letter): string {
  const last = letter.redrives.at(-1);
  if (!last) return letter.redrive === null ? "" : `sent again ${letter.redrive} times before`;
  return `sent again: ${last.outcome}`;
}

const OUTCOMES: Readonly<Record<SentAgain["outcome"], string>> = {
  redriven: "Sent again",
  "not-found": "There is no such dead letter any more",
  refused: "Not sent",
  gone: "Its bytes are gone",
  failed: "Kafka did not acknowledge it: try again",
};

/** What came of one letter, in words. */
export function inWords({ outcome, detail, to }: SentAgain): string {
  if (outcome === "redriven") return to ? `Sent again, to ${to}` : OUTCOMES.redriven;
  return detail ? `${OUTCOMES[outcome]}: ${detail}` : OUTCOMES[outcome];
}

/** All of them in a sentence. */
export function summary(outcomes: readonly SentAgain[]): string {
  const sent = outcomes.filter(({ outcome }) => outcome === "redriven").length;
  if (sent === outcomes.length)
    return sent === 1 ? "1 dead letter was sent again" : `${sent} dead letters were sent again`;
  if (outcomes.length === 1) return "The dead letter was not sent again";
  return `${sent} of ${outcomes.length} dead letters were sent again`;
}
