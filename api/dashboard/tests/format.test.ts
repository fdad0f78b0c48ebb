import { describe, expect, it } from "vitest";
import { age, counted, freshness, span } from "@/text/format";

describe("span", () => {
  it.each([
    [-0.3, "0.0 s"],
    [0.44, "0.4 s"],
    [9.94, "9.9 s"],
    [9.96, "10 s"],
    [99, "99 s"],
    [100, "2 min"],
    [5969, "99 min"],
    [6000, "2 h"],
    [172_800, "2 d"],
  ])("%d seconds are %s", (seconds, text) => expect(span(seconds)).toBe(text));
});

describe("age and freshness", () => {
  it.each([
    [-30, "clock 30 s ahead", "ahead"],
    [-1, "0.0 s ago", "fresh"],
    [2.4, "2.4 s ago", "fresh"],
    [2.6, "2.6 s ago", "late"],
    [5.1, "5.1 s ago", "old"],
  ])("%d seconds with a limit of five: %s, %s", (seconds, text, kind) => {
    expect(age(seconds)).toBe(text);
    expect(freshness(seconds, 5)).toBe(kind);
  });
});

describe("counted", () => {
  it.each([
    [0, "0 frames"],
    [1, "1 frame"],
    [8412, "8,412 frames"],
  ])("%d: %s", (value, text) => expect(counted(value, "frame")).toBe(text));
});
