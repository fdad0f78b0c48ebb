import { describe, expect, it } from "vitest";
import { rowOf, rowWords, textOf } from "@/camera/hours";

describe("rowOf and textOf", () => {
  it.each(["08:00-20:00", "mon-fri 08:00-20:00", "sat 22:00-02:00", "fri-mon 00:00-23:59"])("keep %s", (text) => {
    const row = rowOf(text);
    expect(row && textOf(row)).toBe(text);
  });

  it("write an end at 24:00 as the same end, 00:00", () => {
    const row = rowOf("mon 08:00-24:00");
    expect(row && textOf(row)).toBe("mon 08:00-00:00");
  });

  it.each(["", "monday 08:00-20:00", "xyz 08:00-20:00", "mon 8-20", "mon,tue 08:00-20:00"])(
    "leave %s as it is",
    (text) => expect(rowOf(text)).toBeNull(),
  );
});

it.each([
  ["08:00-20:00", "Every day, 08:00 to 20:00"],
  ["mon-fri 08:00-20:00", "Monday to Friday, 08:00 to 20:00"],
  ["sat 22:00-02:00", "Saturday, 22:00 to 02:00 on the next day"],
])("%s is %s", (text, words) => {
  const row = rowOf(text);
  expect(row && rowWords(row)).toBe(words);
});
