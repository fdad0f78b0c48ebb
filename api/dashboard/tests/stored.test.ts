import { describe, expect, it } from "vitest";
import { hideExif } from "@/paint/stored";

const EXIF = [0x45, 0x78, 0x69, 0x66, 0, 0, 0x49, 0x49];
const segment = (marker: number, content: number[]): number[] => [0xff, marker, 0, content.length + 2, ...content];
const jpeg = (...parts: number[][]): Uint8Array => new Uint8Array([0xff, 0xd8, ...parts.flat(), 0xff, 0xd9]);
const hidden = (value: Uint8Array): Uint8Array => {
  hideExif(value);
  return value;
};

describe("hideExif", () => {
  it("renames every Exif segment and leaves all others", () => {
    const other = segment(0xe1, [1, 2, 3, 4, 5, 6, 7]);
    const before = [segment(0xe0, EXIF), other, segment(0xe1, EXIF), [0xff, ...segment(0xe1, EXIF)]];
    const after = [segment(0xe0, EXIF), other, segment(0xef, EXIF), [0xff, ...segment(0xef, EXIF)]];
    expect(hidden(jpeg(...before))).toEqual(jpeg(...after));
  });

  it("does not look into the picture", () => {
    const value = jpeg(segment(0xda, [1]), segment(0xe1, EXIF));
    expect(hidden(value.slice())).toEqual(value);
  });

  it.each([
    [[]],
    [[0xff]],
    [[0xff, 0xd8, 0xff, 0xe1]],
    [[0xff, 0xd8, 0xff, 0xe1, 0, 0]],
    [[0xff, 0xd8, 0xff, 0xe0, 0xff]],
  ])("ends whatever it is given: %j", (bytes) => {
    expect(hidden(new Uint8Array(bytes))).toEqual(new Uint8Array(bytes));
  });
});
