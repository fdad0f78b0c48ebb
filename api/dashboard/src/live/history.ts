/** Results of a camera from before this page looked: page by page, newest first, in bounded work. */

import { getJson, type Fault } from "@/api/client";
import { resultOf } from "@/contract/parse";
import type { Result } from "@/contract/types";

/** Results at most that one look back asks for, and those of one answer. */
const MOST = 6_000;
const PAGE = 1_000;

interface Page {
  readonly results: readonly unknown[];
  readonly next?: string | null;
}

/** Gives `take` the results of `camera` since a time; what kept it from it, or null. Ends when `wanted` is not so any more. */
export async function lookBack(
  camera: string,
  since: Date,
  take: (results: readonly Result[]) => void,
  wanted: () => boolean,
): Promise<Fault | null> {
  let cursor: string | null = null;
  let asked = 0;
  do {
    const query = new URLSearchParams({ camera, since: since.toISOString(), limit: String(PAGE) });
    if (cursor !== null) query.set("cursor", cursor);
    const answer = await getJson<Page>(`results?${query}`);
    if (!wanted()) return null;
    if (answer.kind !== "ok") return answer;
    take(answer.value.results.map(resultOf).filter((result) => result !== null));
    cursor = answer.value.next ?? null;
    asked += PAGE;
  } while (cursor !== null && asked < MOST);
  return null;
}
