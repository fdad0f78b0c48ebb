/** Which frames the ledger is asked about, and how much of them the log still has. */

import { clockTime, span } from "@/text/format";

export interface Window {
  readonly key: string;
  readonly title: string;
  /** Which frames it has. */
  readonly words: string;
  /** As the API's `since` takes it; null: as far back as the ledger knows. */
  readonly since: string | null;
  readonly seconds: number | null;
}

export const WINDOWS: readonly Window[] = [
  {
    key: "15m",
    title: "last 15 min",
    words: "frames that Kafka took in within the last 15 minutes",
    since: "15m",
    seconds: 900,
  },
  {
    key: "1h",
    title: "last hour",
    words: "frames that Kafka took in within the last hour",
    since: "1h",
    seconds: 3600,
  },
  { key: "all", title: "all", words: "all frames that the ledger knows of", since: null, seconds: null },
];

export interface Topic {
  readonly name: string;
  readonly kind: string;
  readonly retention_s: number | null;
}

/** What of `window` has expired at `now` (ms since 1970), in sentences; empty: nothing. */
export function expiredPart(window: Window, topics: readonly Topic[], now: number): string {
  const frames = shortest(topics, "frames");
  const captures = shortest(topics, "captures");
  const parts: string[] = [];
  if (frames !== null && (window.seconds === null || window.seconds > frames)) {
    const since = clockTime(new Date(now - 1000 * frames).toISOString(), new Date(now));
    parts.push(`Pictures from before ${since} have expired (they are kept for ${span(frames)}); their outcomes count.`);
  }
  if (captures !== null && (window.seconds === null || window.seconds > captures)) {
    parts.push(`The ledger itself reaches ${span(captures)} back.`);
  }
  return parts.join(" ");
}

function shortest(topics: readonly Topic[], kind: string): number | null {
  const kept = topics.filter((topic) => topic.kind === kind).map((topic) => topic.retention_s);
  const known = kept.filter((seconds) => seconds !== null);
  return known.length > 0 ? Math.min(...known) : null;
}
