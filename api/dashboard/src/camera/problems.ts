/** Which field of the form an answer of the API is about: pure. */

import type { Camera } from "@/contract/types";

export type Field = keyof Camera;

export interface FieldProblem {
  /** Null: it is about none, or about all. */
  readonly field: Field | null;
  readonly text: string;
}

const FIELDS: readonly Field[] = [
  "id",
  "source",
  "models",
  "site",
  "fps",
  "loop",
  "pacing",
  "transport",
  "lane",
  "quality",
  "enabled",
  "rotate",
  "flip",
  "masks",
  "roi",
  "still_fps",
  "motion",
  "schedule",
  "timezone",
];

/** `camera: fps = 300: …`, `camera 'door': timezone = 'Nowhere'; …`: the field, its part, and what was said of it. */
const NAMED = /^camera(?: '[^']*')?: ([a-z_]+)((?:\.\w+)*) = (.*)$/s;
/** What the API says of a thing rather than of a field. */
const ABOUT: readonly (readonly [RegExp, Field])[] = [
  [/^camera '[^']*': source /, "source"],
  [/^source /, "source"],
  [/^camera '[^']*': (?:unknown )?model /, "models"],
  [/^(?:unknown )?model /, "models"],
  [/^camera '[^']*' exists/, "id"],
];

/** The field that `detail`, of a problem, is about. */
export function problemOf(detail: string): FieldProblem {
  const named = NAMED.exec(detail);
  const field = FIELDS.find((one) => one === named?.[1]);
  if (named && field) return { field, text: said(field, named[2] ?? "", named[3] ?? "") };
  const about = ABOUT.find(([form]) => form.test(detail));
  return { field: about?.[1] ?? null, text: detail.replace(/^camera(?: '[^']*')?: /, "") };
}

/** What was expected, without the name that the form shows anyway; the value stays, since it may have been cut. */
function said(field: Field, part: string, rest: string): string {
  const words = rest.replace("Value error, ", "");
  const place = /^\.(\d+)/.exec(part);
  return field === "masks" && place ? `Mask ${Number(place[1]) + 1}: ${words}` : words;
}
