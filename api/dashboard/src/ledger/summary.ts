/** The ledger as the page shows it: one bar for each camera and model, and one sentence for all of them. */

import type { Account, LedgerReport } from "@/contract/types";
import { count, counted } from "@/text/format";

export const PARTS = [
  "inferred",
  "skipped",
  "dead",
  "dropped",
  "failed",
  "in_log",
  "gone",
  "unknown",
  "unexplained",
] as const;
export type Part = (typeof PARTS)[number];

export const PART_TITLES: Readonly<Record<Part, string>> = {
  inferred: "inferred",
  skipped: "skipped",
  dead: "dead-lettered",
  dropped: "dropped before delivery",
  failed: "not delivered",
  in_log: "waiting in the log",
  gone: "gone unread",
  unknown: "unacknowledged",
  unexplained: "unexplained",
};

export interface Row {
  readonly key: string;
  readonly camera: string;
  readonly model: string;
  readonly captured: number;
  readonly cropped: number;
  readonly redriven: number;
  readonly parts: Readonly<Record<Part, number>>;
}

export interface Summary {
  /** Nothing is unexplained, and nothing could not be read. */
  readonly clean: boolean;
  readonly rows: readonly Row[];
  readonly captured: number;
  readonly unexplained: number;
  readonly sentence: string;
  /** Addresses of the first unexplained frames. */
  readonly suspects: readonly string[];
  readonly totals: Readonly<Record<Part, number>>;
  /** Frames in the log that no capture record names: a capture worker's last second, still to be told or never. */
  readonly uncounted: number;
}

const SUSPECTS = 5;

/** What `report` comes to. */
export function summarise(report: LedgerReport): Summary {
  const rows = report.accounts.map(rowOf).sort((one, other) => one.key.localeCompare(other.key));
  const captured = rows.reduce((sum, row) => sum + row.captured, 0);
  const unexplained = [...report.accounts, ...report.uncounted].reduce((sum, account) => sum + account.unexplained, 0);
  const total = (part: Part): number => rows.reduce((sum, row) => sum + row.parts[part], 0);
  const suspects = report.unexplained.map((one) => one.address).filter((address) => address !== null);
  return {
    clean: report.clean,
    rows,
    captured,
    unexplained,
    sentence: sentenceFor(report, captured, unexplained),
    suspects: suspects.slice(0, SUSPECTS),
    totals: Object.fromEntries(PARTS.map((part) => [part, total(part)])) as Record<Part, number>,
    uncounted: report.uncounted.reduce((sum, account) => sum + account.delivered, 0),
  };
}

function sentenceFor(report: LedgerReport, captured: number, unexplained: number): string {
  const unread = report.malformed_count > 0 ? `, ${counted(report.malformed_count, "record")} could not be read` : "";
  if (unexplained > 0) return `${count(unexplained)} of ${counted(captured, "frame")} unexplained${unread}`;
  if (unread) return `${counted(captured, "frame")} captured${unread}`;
  if (!report.clean) return `${counted(captured, "frame")} captured, not every one explained`;
  if (captured === 0) return "No frame captured yet";
  const gone = [...report.accounts, ...report.uncounted].reduce((sum, account) => sum + account.gone, 0);
  return `${counted(captured, "frame")} captured, every one explained${gone > 0 ? `, ${count(gone)} gone unread` : ""}`;
}

function rowOf(account: Account): Row {
  const dropped = Object.values(account.dropped).reduce((sum, value) => sum + value, 0);
  return {
    key: `${account.camera ?? ""}/${account.model}`,
    camera: account.camera ?? "",
    model: account.model,
    captured: account.captured,
    cropped: account.cropped,
    redriven: account.redriven,
    parts: {
      inferred: account.inferred,
      skipped: account.stale + account.expired + account.other,
      dead: account.dead,
      dropped,
      failed: account.failed,
      in_log: account.in_log,
      gone: account.gone,
      unknown: account.unknown,
      unexplained: account.unexplained,
    },
  };
}

/** All of `rows` as one. */
export function totalOf(rows: readonly Row[]): Row {
  const sum = (value: (row: Row) => number): number => rows.reduce((all, row) => all + value(row), 0);
  return {
    key: "",
    camera: "",
    model: "",
    captured: sum((row) => row.captured),
    cropped: sum((row) => row.cropped),
    redriven: sum((row) => row.redriven),
    parts: Object.fromEntries(PARTS.map((part) => [part, sum((row) => row.parts[part])])) as Record<Part, number>,
  };
}

/** The frames that no capture record names, by model. */
export const uncountedRows = (report: LedgerReport): readonly Row[] => report.uncounted.map(rowOf);

/** Frames that were dropped, by reason, the commonest first. */
export function droppedBy(report: LedgerReport): readonly (readonly [reason: string, frames: number])[] {
  const sums = new Map<string, number>();
  for (const [reason, frames] of report.accounts.flatMap(({ dropped }) => Object.entries(dropped))) {
    sums.set(reason, (sums.get(reason) ?? 0) + frames);
  }
  return [...sums].filter(([, frames]) => frames > 0).sort(([, one], [, other]) => other - one);
}

/** Widths in per cent that add up to 100, none of them too thin to be seen. */
export function widths(row: Row, visible = 0.8): Readonly<Partial<Record<Part, number>>> {
  const present = PARTS.filter((part) => row.parts[part] > 0);
  const total = present.reduce((sum, part) => sum + row.parts[part], 0);
  const raised = present.map((part) => [part, Math.max((100 * row.parts[part]) / total, visible)] as const);
  const sum = raised.reduce((all, [, width]) => all + width, 0);
  return Object.fromEntries(raised.map(([part, width]) => [part, (100 * width) / sum]));
}

/** The bar of `row` in words, for those who do not see it. */
export function inWords(row: Row): string {
  const parts = PARTS.filter((part) => row.parts[part] > 0);
  const words = parts.map((part) => `${count(row.parts[part])} ${PART_TITLES[part]}`);
  const again = row.redriven > 0 ? `, ${count(row.redriven)} sent again` : "";
  const offered =
    row.cropped > 0 ? `${counted(row.cropped, "crop")} offered` : `${counted(row.captured, "frame")} captured`;
  return `${offered}${again}: ${words.join(", ") || "none yet"}`;
}
