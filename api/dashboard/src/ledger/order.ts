/** The ledger's table: its columns, and the order that somebody chose. */

import { PART_TITLES, PARTS, type Row } from "@/ledger/summary";

export interface Column {
  readonly key: string;
  readonly title: string;
  readonly value: (row: Row) => string | number;
}

const offered: Column = { key: "captured", title: "captured", value: (row) => row.captured + row.cropped };

/** Camera and model, what was offered, and each part that any of `rows` has. */
export function columnsOf(rows: readonly Row[]): readonly Column[] {
  const parts = PARTS.filter((part) => part === "inferred" || rows.some((row) => row.parts[part] > 0));
  const again = rows.some((row) => row.redriven > 0);
  return [
    { key: "camera", title: "camera", value: (row) => row.camera },
    { key: "model", title: "model", value: (row) => row.model },
    offered,
    ...(again ? [{ key: "redriven", title: "sent again", value: (row: Row) => row.redriven }] : []),
    ...parts.map((part) => ({ key: part, title: PART_TITLES[part], value: (row: Row) => row.parts[part] })),
  ];
}

export interface Order {
  readonly key: string;
  readonly descending: boolean;
}

/** The order after a click on a column's head: the other way round, or for another column numbers from the greatest on. */
export function nextOrder(order: Order, column: Column, rows: readonly Row[]): Order {
  if (order.key === column.key) return { key: column.key, descending: !order.descending };
  const [first] = rows;
  return { key: column.key, descending: first !== undefined && typeof column.value(first) === "number" };
}

/** `rows` in `order`; equal ones by camera and model. */
export function sorted(rows: readonly Row[], columns: readonly Column[], order: Order): readonly Row[] {
  const column = columns.find(({ key }) => key === order.key);
  const byKey = (one: Row, other: Row): number => one.key.localeCompare(other.key);
  if (!column) return [...rows].sort(byKey);
  const sign = order.descending ? -1 : 1;
  return [...rows].sort((one, other) => sign * byValue(column.value(one), column.value(other)) || byKey(one, other));
}

function byValue(one: string | number, other: string | number): number {
  return typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other));
}
