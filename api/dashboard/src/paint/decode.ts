/** Decodes bytes that nobody vouches for, after a look into them; what is decoded is only ever drawn on a canvas. */

import { judge } from "@/paint/judge";
import { hideExif } from "@/paint/stored";

export type Decoded =
  { readonly kind: "picture"; readonly bitmap: ImageBitmap } | { readonly kind: "refused"; readonly reason: string };

/** The picture in `bytes`, as it is stored, at most `side` pixels wide and high; or why there is none. */
export async function decode(bytes: Uint8Array<ArrayBuffer>, side?: number): Promise<Decoded> {
  const found = judge(bytes);
  if (found.kind === "refused") return found;
  if (found.type === "image/jpeg") hideExif(bytes);
  const scale = side === undefined ? 1 : Math.min(1, side / Math.max(found.width, found.height));
  const size = scale < 1 ? { resizeWidth: Math.max(1, Math.round(found.width * scale)), resizeQuality: "medium" } : {};
  try {
    const bitmap = await createImageBitmap(new Blob([bytes], { type: found.type }), size as ImageBitmapOptions);
    return { kind: "picture", bitmap };
  } catch {
    return { kind: "refused", reason: "This browser cannot decode it." };
  }
}
