/**
 * Pictures as they are stored. Browsers turn a JPEG as its Exif data ask, and `imageOrientation: "none"` does not keep
 * Chromium from it; inference does not turn it, so boxes are in the pixels as they are stored.
 */

const START_OF_SCAN = 0xda;
const APP1 = 0xe1;
const APP15 = 0xef;
/** "Exif" and two zero bytes. */
const EXIF = [0x45, 0x78, 0x69, 0x66, 0, 0];

/** Renames the Exif segments of a JPEG, in place, to one that no decoder looks into. */
export function hideExif(jpeg: Uint8Array): void {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  let at = 2;
  while (at + 4 <= jpeg.length && jpeg[at] === 0xff && jpeg[at + 1] !== START_OF_SCAN) {
    if (jpeg[at + 1] === 0xff) {
      at++; // A fill byte before a marker.
      continue;
    }
    if (jpeg[at + 1] === APP1 && EXIF.every((byte, index) => jpeg[at + 4 + index] === byte)) jpeg[at + 1] = APP15;
    at += 2 + view.getUint16(at + 2);
  }
}

/** The picture in `blob`, a JPEG, as it is stored; rejects where this browser can read none. */
export async function pictureAsStored(blob: Blob): Promise<ImageBitmap> {
  const jpeg = new Uint8Array(await blob.arrayBuffer());
  hideExif(jpeg);
  return createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
}
