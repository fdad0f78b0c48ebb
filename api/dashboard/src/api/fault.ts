/** What went wrong with a request, in words. */

import type { Fault } from "@/api/client";

export interface FaultWords {
  /** Whether something is away, and not merely refused or slow. */
  readonly away: boolean;
  /** A sentence. */
  readonly title: string;
  readonly text: string;
}

/** `fault` in words. */
export function faultWords(fault: Fault): FaultWords {
  switch (fault.kind) {
    case "unreachable":
      return {
        away: true,
        title: "The API does not answer.",
        text: "Cameras and workers go on without it; this page tries again by itself.",
      };
    case "unavailable":
      return { away: true, title: "Not all of Kafka can be read.", text: fault.detail };
    case "failed":
      return {
        away: false,
        title: fault.status ? `The API answered with status ${fault.status}.` : "The API is slow.",
        text: fault.detail,
      };
  }
}

/** `fault` in one sentence, for what was asked of the API once. */
export function faultSentence(fault: Fault): string {
  if (fault.kind === "unreachable") return "The API does not answer. Nothing was changed; try again in a moment.";
  return fault.detail;
}
