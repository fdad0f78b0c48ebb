/** The hours of a week as text, `mon-fri 08:00-20:00`, and as the form's fields: pure. */

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Day = (typeof DAYS)[number];

export const DAY_TITLES: Readonly<Record<Day, string>> = {
  mon: "Monday",
  tue: "Tuesday",
  wed: "Wednesday",
  thu: "Thursday",
  fri: "Friday",
  sat: "Saturday",
  sun: "Sunday",
};

/** Hours that begin on each day from `first` to `last`; an end that is not after the start is on the next day. */
export interface HoursRow {
  first: Day;
  last: Day;
  start: string;
  end: string;
}

const FORM = /^(?:([a-z]{3})(?:-([a-z]{3}))? )?(\d\d:\d\d)-(\d\d:\d\d)$/;

const dayOf = (name: string | undefined): Day | null => DAYS.find((day) => day === name) ?? null;

/** The fields of `text`; null where it is of a form that only a later release knows. */
export function rowOf(text: string): HoursRow | null {
  const match = FORM.exec(text);
  if (!match) return null;
  const [, from, to, start = "", end = ""] = match;
  const first = from === undefined ? "mon" : dayOf(from);
  const last = from === undefined ? "sun" : dayOf(to ?? from);
  // A clock's field knows no 24:00; 00:00 is the same end, on the next day.
  return first && last ? { first, last, start, end: end === "24:00" ? "00:00" : end } : null;
}

/** `row` as text. */
export function textOf({ first, last, start, end }: HoursRow): string {
  const days = first === "mon" && last === "sun" ? "" : first === last ? `${first} ` : `${first}-${last} `;
  return `${days}${start}-${end}`;
}

/** `row` in words. */
export function rowWords({ first, last, start, end }: HoursRow): string {
  const days =
    first === "mon" && last === "sun"
      ? "Every day"
      : first === last
        ? DAY_TITLES[first]
        : `${DAY_TITLES[first]} to ${DAY_TITLES[last]}`;
  return `${days}, ${start} to ${end}${end <= start ? " on the next day" : ""}`;
}
