/** What the API says of the ledger in full: whose accounts, of when, and what they cannot explain. */

import type { LedgerReport, Unexplained } from "@/contract/types";

export interface UnexplainedEntry extends Unexplained {
  readonly run: number | null;
  /** The frame whose crops are meant. */
  readonly parent: string | null;
}

export interface FullReport extends LedgerReport {
  readonly at: string;
  readonly unexplained: readonly UnexplainedEntry[];
  readonly unexplained_count: number;
  readonly malformed: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly error: string;
  }[];
  /** Outcomes that were recorded again, as another one and as the same. */
  readonly conflicts: number;
  readonly repeats: number;
  /** From before it no outcome was looked for; null: everything was. */
  readonly sought_since: string | null;
}
