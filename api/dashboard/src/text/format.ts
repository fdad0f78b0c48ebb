/** Numbers and times as people read them. */

const WHOLE = new Intl.NumberFormat("en-US");

/** A count with separators: 8,412. */
export const count = (value: number): string => WHOLE.format(value);

/** `count` with its noun: 1 frame, 8,412 frames. */
export const counted = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;

/** Events a second: 14.8, and 0.0 where there are none. */
export const rate = (value: number): string => value.toFixed(1);

/** A text that begins a sentence. */
export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** A point in time as a clock shows it here; the day too where it is another one than `now`'s. */
export function clockTime(time: string, now = new Date()): string {
  const moment = new Date(time);
  return moment.toDateString() === now.toDateString() ? moment.toLocaleTimeString() : moment.toLocaleString();
}

/** A time span: 0.4 s, 12 s, 3 min, 2 h, 5 d. */
export function span(seconds: number): string {
  if (seconds < 9.95) return `${Math.max(seconds, 0).toFixed(1)} s`;
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  if (seconds < 5970) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

/** How long ago `time` was: 12 s ago. */
export const ago = (time: string, now = Date.now()): string => `${span((now - Date.parse(time)) / 1000)} ago`;

export type Freshness = "fresh" | "late" | "old" | "ahead";

/** Seconds by which a camera's clock may be ahead of ours before the page says so. */
const CLOCK_TOLERANCE = 2;

/** How fresh a picture of `seconds` is: late above `maxAge / 2`, old above `maxAge`. */
export function freshness(seconds: number, maxAge: number): Freshness {
  if (seconds < -CLOCK_TOLERANCE) return "ahead";
  if (seconds > maxAge) return "old";
  return seconds > maxAge / 2 ? "late" : "fresh";
}

/** A picture's age in words; a camera whose clock is ahead is said to be so. */
export function age(seconds: number): string {
  return seconds < -CLOCK_TOLERANCE ? `clock ${span(-seconds)} ahead` : `${span(seconds)} ago`;
}
