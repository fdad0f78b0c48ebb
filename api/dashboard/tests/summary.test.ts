import { describe, expect, it } from "vitest";
import type { Account, LedgerReport, Unexplained } from "@/contract/types";
import { inWords, summarise, widths } from "@/ledger/summary";

const NOTHING = { captured: 0, dropped: {}, delivered: 0, failed: 0, unknown: 0, inferred: 0, dead: 0, stale: 0 };
const account = (camera: string | null, given: Partial<Account>): Account => ({
  ...NOTHING,
  ...{ cropped: 0, redriven: 0, expired: 0, other: 0, in_log: 0, gone: 0, unexplained: 0, model: "object-detection" },
  ...given,
  camera,
});
const lost = (offset: number): Unexplained => ({
  fault: "lost",
  model: "object-detection",
  camera: "street",
  frames: 1,
  address: `object-detection/0/${offset}`,
});
const report = (given: Partial<LedgerReport>): LedgerReport => ({
  clean: true,
  accounts: [],
  uncounted: [],
  unexplained: [],
  malformed_count: 0,
  ...given,
});

describe("summarise", () => {
  it("adds skips and drops up", () => {
    const street = account("street", {
      captured: 20,
      dropped: { superseded: 2, "queue-full": 1 },
      stale: 3,
      expired: 4,
    });
    const [row] = summarise(report({ accounts: [street] })).rows;
    expect(row!.parts).toMatchObject({ dropped: 3, skipped: 7 });
  });

  it.each([
    [0, 0, "No frame captured yet"],
    [1, 0, "1 frame captured, every one explained"],
    [8412, 0, "8,412 frames captured, every one explained"],
    [8412, 3, "3 of 8,412 frames unexplained"],
  ])("says of %d captured and %d lost: %s", (captured, missing, sentence) => {
    const accounts = [account("street", { captured, unexplained: missing })];
    const summary = summarise(report({ accounts, clean: missing === 0 }));
    expect(summary).toMatchObject({ sentence, unexplained: missing, clean: missing === 0 });
  });

  it("says what retention took unread, of the uncounted too", () => {
    const accounts = [account("street", { captured: 9, gone: 4 })];
    const summary = summarise(report({ accounts, uncounted: [account(null, { delivered: 1, gone: 1 })] }));
    expect(summary).toMatchObject({ sentence: "9 frames captured, every one explained, 5 gone unread", clean: true });
    expect(summary.totals.gone).toBe(4);
  });

  it.each([
    [0, 1, "0 frames captured, 1 record could not be read"],
    [8412, 2, "8,412 frames captured, 2 records could not be read"],
    [8412, 0, "8,412 frames captured, not every one explained"],
  ])("never says that all is explained of %d captured and %d unreadable records: %s", (captured, unread, sentence) => {
    const accounts = [account("street", { captured })];
    const summary = summarise(report({ accounts, clean: false, malformed_count: unread }));
    expect(summary).toMatchObject({ sentence, unexplained: 0, clean: false });
  });

  it("counts what the accounts count, also where no capture record or no entry names it", () => {
    const accounts = [account("street", { captured: 3000, unexplained: 1500 })];
    const uncounted = [account(null, { delivered: 9, unexplained: 2 })];
    const unexplained = Array.from({ length: 1000 }, (_, index) => lost(index));
    const unread = { clean: false, malformed_count: 1 };
    expect(summarise(report({ accounts, uncounted, unexplained, ...unread }))).toMatchObject({
      unexplained: 1502,
      sentence: "1,502 of 3,000 frames unexplained, 1 record could not be read",
    });
  });

  it("has no address for what is not a frame", () => {
    const imbalance = { ...lost(0), fault: "imbalance", frames: -4, address: null };
    expect(summarise(report({ unexplained: [imbalance, lost(7)] })).suspects).toEqual(["object-detection/0/7"]);
  });

  it("puts rows in order, and keeps apart what capture has not counted", () => {
    const accounts = [account("yard", {}), account("street", { model: "b" }), account("street", { model: "a" })];
    const uncounted = [account(null, { delivered: 3, inferred: 3 }), account(null, { model: "b", delivered: 4 })];
    const summary = summarise(report({ accounts, uncounted }));
    expect(summary.rows.map((row) => row.key)).toEqual(["street/a", "street/b", "yard/object-detection"]);
    expect(summary.uncounted).toBe(7);
  });

  it("adds the parts of all cameras up", () => {
    const accounts = [account("yard", { inferred: 5, dead: 1 }), account("street", { inferred: 2 })];
    expect(summarise(report({ accounts })).totals).toMatchObject({ inferred: 7, dead: 1, failed: 0 });
  });
});

describe("widths", () => {
  const row = (given: Partial<Account>) => summarise(report({ accounts: [account("street", given)] })).rows[0]!;

  it.each<[Partial<Account>]>([
    [{ inferred: 10 }],
    [{ inferred: 100_000, dead: 1 }],
    [{ inferred: 5, stale: 3, in_log: 2, unknown: 1, failed: 1, unexplained: 1 }],
  ])("of %o add up to 100 and hide nothing", (given) => {
    const values = Object.values(widths(row(given)));
    expect(values.reduce((sum, width) => sum + width, 0)).toBeCloseTo(100);
    expect(Math.min(...values)).toBeGreaterThan(0.5);
  });

  it("has nothing to show of a camera without frames", () => expect(widths(row({}))).toEqual({}));

  it("can be said in words", () => {
    expect(inWords(row({ captured: 5, inferred: 4, in_log: 1 }))).toBe(
      "5 frames captured: 4 inferred, 1 waiting in the log",
    );
    expect(inWords(row({ captured: 5, redriven: 2, inferred: 6, dead: 1 }))).toBe(
      "5 frames captured, 2 sent again: 6 inferred, 1 dead-lettered",
    );
    expect(inWords(row({ cropped: 5, dropped: { "too-small": 1 }, inferred: 4 }))).toBe(
      "5 crops offered: 4 inferred, 1 dropped before delivery",
    );
    expect(inWords(row({}))).toBe("0 frames captured: none yet");
  });
});
