import { describe, expect, it } from "vitest";
import { beginning, judge, MOST_PIXELS } from "@/paint/judge";

const segment = (marker: number, ...content: number[]): number[] => [
  0xff,
  marker,
  (content.length + 2) >> 8,
  (content.length + 2) & 255,
  ...content,
];
const header = (width: number, height: number, marker = 0xc0): number[] =>
  segment(marker, 8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0);
const scan = [...segment(0xda, 1, 1, 0, 0, 63, 0), 0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56];
const jpeg = (...parts: number[][]): Uint8Array => new Uint8Array([0xff, 0xd8, ...parts.flat(), 0xff, 0xd9]);
const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const number = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const png = (width: number, height: number): Uint8Array =>
  new Uint8Array([
    0x89,
    ...text("PNG\r\n"),
    0x1a,
    0x0a,
    0,
    0,
    0,
    13,
    ...text("IHDR"),
    ...number(width),
    ...number(height),
    8,
    2,
  ]);

const reason = (bytes: Uint8Array): string | null => {
  const found = judge(bytes);
  return found.kind === "refused" ? found.reason : null;
};

describe("judge", () => {
  it("takes a JPEG and a PNG for what they are", () => {
    expect(judge(jpeg(segment(0xe0, 1, 2), header(64, 48), scan))).toEqual({
      kind: "picture",
      type: "image/jpeg",
      width: 64,
      height: 48,
    });
    expect(judge(png(64, 48))).toEqual({ kind: "picture", type: "image/png", width: 64, height: 48 });
  });

  it.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(), "empty"],
    ["an SVG with a script", text("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"), "neither"],
    ["a page", text("<!doctype html><script>alert(1)</script>"), "neither"],
    ["a GIF", text("GIF89a"), "neither"],
    ["a JPEG of four thousand million pixels", jpeg(header(65_500, 65_500), scan), "too many"],
    ["a JPEG whose few bytes cannot hold its pixels", jpeg(header(4000, 3000), scan), "cannot hold"],
    ["a JPEG without height", jpeg(header(64, 0), scan), "64 × 0"],
    ["a lossless JPEG", jpeg(header(64, 48, 0xc3), scan), "SOF3"],
    ["an arithmetic JPEG", jpeg(header(64, 48, 0xca), scan), "SOF10"],
    ["a JPEG with a second size", jpeg(header(64, 48), header(640, 480), scan), "two frame headers"],
    ["a JPEG that is only a beginning", new Uint8Array([0xff, 0xd8, 0xff]), "cut off"],
    ["a JPEG cut off in its header", jpeg(header(64, 48)).slice(0, 8), "cut off"],
    ["a JPEG without a scan", jpeg(header(64, 48)), "cut off"],
    [
      "a JPEG with very many scans",
      jpeg(header(64, 48, 0xc2), ...Array.from({ length: 101 }, () => scan)),
      "more than 100 scans",
    ],
    ["a PNG of very many pixels", png(100_000, 100_000), "too many"],
    ["a PNG that is only a beginning", png(64, 48).slice(0, 20), "cut off"],
  ])("refuses %s", (_, bytes, words) => expect(reason(bytes)).toContain(words));

  it("allows a large progressive picture fewer scans than a small one", () => {
    const [width, height] = [8000, 6000];
    const filler = Array.from({ length: Math.ceil((width * height) / 512 / 65_000) + 1 }, () =>
      segment(0xfe, ...new Array<number>(65_000).fill(0)),
    );
    const large = (scans: number): Uint8Array =>
      jpeg(...filler, header(width, height, 0xc2), ...Array.from({ length: scans }, () => scan));
    expect(width * height).toBeLessThan(MOST_PIXELS);
    expect(judge(large(5)).kind).toBe("picture");
    expect(reason(large(6))).toContain("more than 5 scans");
  });

  it("comes to an end with a segment that claims no length", () => {
    expect(reason(new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0xff, 0xe0, 0, 0]))).toContain("cut off");
  });
});

describe("beginning", () => {
  it.each<[Uint8Array, string]>([
    [text("not a picture"), "“not a picture”"],
    [text("not a picture at all, sorry for that"), "“not a picture at all, so” …"],
    [new Uint8Array([0x1f, 0x8b, 0]), "1f 8b 00"],
    [new Uint8Array(40).fill(0xab), `${"ab ".repeat(12)}…`],
  ])("of %o is %s", (bytes, words) => expect(beginning(bytes)).toBe(words));
});
