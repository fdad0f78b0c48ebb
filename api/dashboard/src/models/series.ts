/** A model's last minutes as columns for a chart, and as a text and a table for those who do not see one. */

import type { Sample } from "@/contract/models";

export type Quantity = Exclude<keyof Sample, "at">;

/** Undefined: the line goes on over it; null: it is broken there. */
export type Value = number | null | undefined;

/** Seconds since 1970, then one column for each quantity. */
export type Columns = [number[], ...Value[][]];

/** Samples in a row that a line goes on over: a look that came too late is not an outage. */
const BRIDGED = 3;

/** `samples` as columns of `quantities`. */
export function columns(samples: readonly Sample[], quantities: readonly Quantity[]): Columns {
  const times = samples.map((sample) => Date.parse(sample.at) / 1000);
  return [times, ...quantities.map((quantity) => bridged(samples.map((sample) => sample[quantity])))];
}

function bridged(values: readonly (number | null)[]): Value[] {
  const result: Value[] = [...values];
  let known = -1;
  for (const [at, value] of values.entries()) {
    if (value === null) continue;
    if (known >= 0 && at - known - 1 <= BRIDGED) result.fill(undefined, known + 1, at);
    known = at;
  }
  return result;
}

/** The least and the greatest that a quantity was; null: it never was known. */
export function range(samples: readonly Sample[], quantity: Quantity): readonly [number, number] | null {
  const values = samples.map((sample) => sample[quantity]).filter((value) => value !== null);
  if (values.length === 0) return null;
  return [Math.min(...values), Math.max(...values)];
}

/** A quantity in words: "arriving 9.8 to 14.2, 12.1 at last". */
export function inWords(
  samples: readonly Sample[],
  quantity: Quantity,
  name: string,
  format: (value: number) => string,
): string {
  const found = range(samples, quantity);
  if (!found) return `${name} not known`;
  const [least, most] = found.map(format);
  const last = samples.findLast((sample) => sample[quantity] !== null)?.[quantity];
  if (least === most) return `${name} ${least}`;
  return `${name} ${least} to ${most}, ${last === null || last === undefined ? "unknown" : format(last)} at last`;
}

/** The last sample of each minute, newest first. */
export function byMinute(samples: readonly Sample[]): readonly Sample[] {
  const minutes = new Map<number, Sample>();
  for (const sample of samples) minutes.set(Math.floor(Date.parse(sample.at) / 60_000), sample);
  return [...minutes.values()].reverse();
}

/** Seconds: a chart of less would be a line or two. */
const SHORTEST = 120;

/** How far back a chart goes, in seconds: as far as there are samples, at most `most`. */
export function reach(samples: readonly Sample[], most: number): number {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last) return most;
  return Math.min(most, Math.max(SHORTEST, (Date.parse(last.at) - Date.parse(first.at)) / 1000));
}

/** A chart's top: a round number above `values`, and at least `least`, so that noise near zero looks like zero. */
export function top(values: readonly Value[], least: number): number {
  const greatest = Math.max(least, ...values.map((value) => value ?? 0));
  const unit = 10 ** Math.floor(Math.log10(greatest));
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((one) => one * unit >= greatest * 1.0001) ?? 10;
  return step * unit;
}
