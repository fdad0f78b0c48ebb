/**
 * Looks into bytes that nobody vouches for before a decoder does: what they are, and what decoding them would cost. Only
 * JPEG and PNG are ever decoded, by their first bytes and never by what somebody calls them; everything else, SVG and HTML
 * above all, stays bytes.
 */

export type Judgement =
  | {
      readonly kind: "picture";
      readonly type: "image/jpeg" | "image/png";
      readonly width: number;
      readonly height: number;
    }
  /** Why it is not decoded. */
  | { readonly kind: "refused"; readonly reason: string };

/** Pixels that are decoded at most, and for each byte: fewer bytes cannot be the picture that they claim to be. */
export const MOST_PIXELS = 50_000_000;
const PIXELS_PER_BYTE = 512;
/** A decoder walks the whole picture for each scan, however few bytes that has. */
const MOST_SCANS = 100;
const SCANNED = 5;

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const IHDR = [0x49, 0x48, 0x44, 0x52];
/** Baseline, extended, progressive. */
const FRAME_HEADERS = [0xc0, 0xc1, 0xc2];
const OTHER_FRAME_HEADERS = [0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf];
const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;

/** What `bytes` are. */
export function judge(bytes: Uint8Array): Judgement {
  if (bytes.length === 0) return refused("It is empty.");
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return judgeJpeg(bytes);
  if (startsWith(bytes, PNG)) return judgePng(bytes);
  return refused(`It is neither a JPEG nor a PNG: it begins with ${beginning(bytes)}`);
}

function judgeJpeg(bytes: Uint8Array): Judgement {
  let size: { width: number; height: number } | null = null;
  let scans = 0;
  for (const { marker, at } of markers(bytes)) {
    if (marker === END_OF_IMAGE) break;
    if (OTHER_FRAME_HEADERS.includes(marker)) return refused(`It is a JPEG of the kind SOF${marker - 0xc0}.`);
    if (FRAME_HEADERS.includes(marker)) {
      if (size) return refused("It is a JPEG with two frame headers.");
      if (at + 9 > bytes.length) break;
      size = { height: word(bytes, at + 5), width: word(bytes, at + 7) };
      const trouble = tooLarge(size, bytes.length);
      if (trouble) return refused(trouble);
    } else if (marker === START_OF_SCAN) {
      if (!size) break;
      scans++;
      if (scans > Math.min(MOST_SCANS, (SCANNED * MOST_PIXELS) / (size.width * size.height))) {
        return refused(`It is a JPEG with more than ${scans - 1} scans.`);
      }
    }
  }
  if (!size || scans === 0) return refused("It is a JPEG that is cut off before its picture.");
  return { kind: "picture", type: "image/jpeg", ...size };
}

/** The markers of a JPEG in their order; what lies between them is skipped, and so is what no marker begins. */
function* markers(bytes: Uint8Array): Generator<{ marker: number; at: number }> {
  let at = 2;
  while (at + 1 < bytes.length) {
    const marker = bytes[at + 1] ?? 0;
    const isMarker = bytes[at] === 0xff && marker !== 0 && marker !== 0xff && !(marker >= 0xd0 && marker <= 0xd7);
    if (!isMarker) {
      at++;
      continue;
    }
    yield { marker, at };
    at += marker === END_OF_IMAGE || at + 3 >= bytes.length ? 2 : 2 + Math.max(2, word(bytes, at + 2));
  }
}

function judgePng(bytes: Uint8Array): Judgement {
  if (bytes.length < 24 || !IHDR.every((byte, index) => bytes[12 + index] === byte)) {
    return refused("It is a PNG that is cut off before its picture.");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = { width: view.getUint32(16), height: view.getUint32(20) };
  const trouble = tooLarge(size, null);
  return trouble ? refused(trouble) : { kind: "picture", type: "image/png", ...size };
}

/** `held`: the bytes of a format whose bytes bound its pixels. */
function tooLarge({ width, height }: { width: number; height: number }, held: number | null): string {
  const claim = `It claims to have ${width} × ${height} pixels`;
  if (width === 0 || height === 0) return `${claim}.`;
  if (width * height > MOST_PIXELS) return `${claim}: too many to be decoded here.`;
  if (held !== null && held * PIXELS_PER_BYTE < width * height) return `${claim}, which its ${held} bytes cannot hold.`;
  return "";
}

/** The first bytes as text where all of them are, else in hexadecimal. */
export function beginning(bytes: Uint8Array, most = 24): string {
  const head = [...bytes.subarray(0, most)];
  const more = bytes.length > most ? " …" : "";
  if (head.every((byte) => byte >= 0x20 && byte < 0x7f)) return `“${String.fromCharCode(...head)}”${more}`;
  return (
    head
      .slice(0, 12)
      .map((byte) => byte.toString(16).padStart(2, "0"))
      .join(" ") + (head.length > 12 ? " …" : more)
  );
}

const refused = (reason: string): Judgement => ({ kind: "refused", reason });
const startsWith = (bytes: Uint8Array, head: readonly number[]): boolean =>
  head.every((byte, at) => bytes[at] === byte);
const word = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
