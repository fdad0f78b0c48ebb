/** Results of a camera from before this page looked, straight from the log, in bounded work. */

import { getJson, type Fault } from "@/api/client";
import { resultOf } from "@/contract/parse";
import type { Result } from "@/contract/types";

/** Parts in which a time is looked through, the newest first: of a long time something of each is seen. */
const PARTS = 8;
/** Results of one answer, and answers for one part. */
const PAGE = 1_000;
const PAGES = 2;

interface Page {
  readonly results: readonly unknown[];
  readonly next?: string | null;
}

export interface Look {
  readonly camera: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly until: number;
  /** Takes results as they come. */
  take(results: readonly Result[]): void;
  /** Whether anybody still waits for them. */
  wanted(): boolean;
}

export interface Looked {
  /** What kept it from looking; null: nothing. */
  readonly fault: Fault | null;
  /** Whether there were more results than it asks for. */
  readonly cut: boolean;
}

/** Looks back, part by part. */
export async function lookBack(look: Look): Promise<Looked> {
  const part = (look.until - look.since) / PARTS;
  let cut = false;
  for (let number = PARTS - 1; number >= 0; number--) {
    const since = look.since + number * part;
    const looked = await lookAt(look, { since: timeOf(since), until: timeOf(since + part) });
    if (looked.fault || !look.wanted()) return { ...looked, cut: cut || looked.cut };
    cut ||= looked.cut;
  }
  return { fault: null, cut };
}

async function lookAt(look: Look, window: Readonly<Record<string, string>>): Promise<Looked> {
  let cursor: string | null = null;
  for (let page = 0; page < PAGES; page++) {
    const place: Readonly<Record<string, string>> = cursor === null ? window : { cursor };
    const query = new URLSearchParams({ camera: look.camera, limit: String(PAGE), ...place });
    const answer = await getJson<Page>(`results?${query}`);
    if (!look.wanted()) break;
    if (answer.kind !== "ok") return { fault: answer, cut: false };
    look.take(answer.value.results.map(resultOf).filter((result) => result !== null));
    cursor = answer.value.next ?? null;
    if (cursor === null) break;
  }
  return { fault: null, cut: cursor !== null };
}

const timeOf = (at: number): string => new Date(at).toISOString();
