import { describe, expect, it } from "vitest";
import { columnsOf, nextOrder, sorted } from "@/ledger/order";
import { droppedBy, PARTS, totalOf, uncountedRows, type Part, type Row } from "@/ledger/summary";
import { expiredPart, WINDOWS } from "@/ledger/window";

const row = (camera: string, captured: number, parts: Partial<Record<Part, number>> = {}): Row => ({
  key: `${camera}/pose`,
  camera,
  model: "pose",
  captured,
  cropped: 0,
  redriven: 0,
  parts: { ...(Object.fromEntries(PARTS.map((part) => [part, 0])) as Record<Part, number>), ...parts },
});
const ROWS = [
  row("yard", 5, { inferred: 4, dead: 1 }),
  row("door", 9, { inferred: 9 }),
  row("hall", 5, { inferred: 5 }),
];

describe("the ledger's table", () => {
  const columns = columnsOf(ROWS);
  const cameras = (key: string, descending: boolean): string[] =>
    sorted(ROWS, columns, { key, descending }).map(({ camera }) => camera);

  it("has columns for what there is, and for nothing that there is not", () => {
    expect(columns.map(({ key }) => key)).toEqual(["camera", "model", "captured", "inferred", "dead"]);
    expect(columnsOf([{ ...ROWS[0]!, redriven: 1 }]).map(({ key }) => key)).toContain("redriven");
  });

  it("is sorted by any column, and equal rows by camera", () => {
    expect(cameras("camera", false)).toEqual(["door", "hall", "yard"]);
    expect(cameras("camera", true)).toEqual(["yard", "hall", "door"]);
    expect(cameras("captured", true)).toEqual(["door", "hall", "yard"]);
    expect(cameras("dead", true)).toEqual(["yard", "door", "hall"]);
    expect(cameras("gone by now", false)).toEqual(["door", "hall", "yard"]);
  });

  it("begins with the most of a number and the first of a name, and turns round when asked again", () => {
    const [camera, , captured] = columns;
    const byCaptured = nextOrder({ key: "camera", descending: false }, captured!, ROWS);
    expect(byCaptured).toEqual({ key: "captured", descending: true });
    expect(nextOrder(byCaptured, captured!, ROWS)).toEqual({ key: "captured", descending: false });
    expect(nextOrder(byCaptured, camera!, ROWS)).toEqual({ key: "camera", descending: false });
  });
});

describe("the whole", () => {
  it("is the sum of the rows", () => {
    const total = totalOf(ROWS);
    expect(total.captured).toBe(19);
    expect(PARTS.reduce((sum, part) => sum + total.parts[part], 0)).toBe(19);
  });

  it("names why frames were dropped, the commonest first", () => {
    const accounts = [{ dropped: { still: 3, superseded: 9 } }, { dropped: { still: 7, "queue-full": 0 } }];
    const report = { accounts, uncounted: [] } as unknown as Parameters<typeof droppedBy>[0];
    expect(droppedBy(report)).toEqual([
      ["still", 10],
      ["superseded", 9],
    ]);
    expect(uncountedRows(report)).toEqual([]);
  });
});

describe("expiredPart", () => {
  const topics = [
    { name: "frames.pose", kind: "frames", retention_s: 1200 },
    { name: "frames.faces", kind: "frames", retention_s: 600 },
    { name: "captures", kind: "captures", retention_s: 604_800 },
  ];
  const at = new Date(2026, 0, 31, 12, 0, 0).getTime();
  const of = (key: string): string =>
    expiredPart(
      WINDOWS.find((one) => one.key === key)!,
      topics,
      at,
    );
  const edge = new Date(at - 600_000).toLocaleTimeString();

  it("names the time from which on pictures are there, and how far back the ledger itself reaches", () => {
    expect(of("15m")).toBe(
      `Pictures from before ${edge} have expired (they are kept for 10 min); their outcomes count.`,
    );
    expect(of("all")).toContain("The ledger itself reaches 7 d back.");
  });

  it("says nothing where nothing has expired, or nobody knows", () => {
    expect(expiredPart({ ...WINDOWS[0]!, seconds: 300 }, topics, at)).toBe("");
    expect(expiredPart(WINDOWS[2]!, [], at)).toBe("");
    expect(expiredPart(WINDOWS[2]!, [{ name: "f", kind: "frames", retention_s: null }], at)).toBe("");
  });
});
