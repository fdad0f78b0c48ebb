/** Where a frame is explained, and which frame is meant there. */

import { matched, placeOf } from "@/screens/place";

export const EXPLAIN = "/frames/:model/:partition/:offset";

/** What tells a frame from another one that has its address, in a topic that was made anew. */
export interface Identity {
  readonly camera: string;
  readonly run: number;
  readonly seq: number;
  /** Also says where to look for the outcome of a frame that has expired. */
  readonly captured_at: string;
}

const NAMES = ["camera", "run", "seq", "captured_at"] as const;

/** The place on the page of the frame at `address` (model/partition/offset), which is the one of that identity. */
export function explainPlace(address: string, identity?: Identity): string {
  const [model = "", partition = "", offset = ""] = address.split("/");
  const place = placeOf(EXPLAIN, { model, partition, offset });
  if (!identity) return place;
  const query = new URLSearchParams(NAMES.map((name) => [name, String(identity[name])]));
  return `${place}?${query}`;
}

/** The frame that the place `hash` means, if it means one; an empty identity: whichever is at that address. */
export function frameAt(hash: string): { readonly address: string; readonly identity: string } | null {
  const found = matched(EXPLAIN, hash);
  if (!found) return null;
  return { address: [found["model"], found["partition"], found["offset"]].join("/"), identity: identityIn(hash) };
}

/** The query of the place `hash` as the API takes it: only what tells which frame is meant; empty: whichever is there. */
function identityIn(hash: string): string {
  const [, given = ""] = hash.split("?");
  const found = new URLSearchParams(given);
  const kept = NAMES.filter((name) => found.has(name)).map((name) => [name, found.get(name) ?? ""]);
  return new URLSearchParams(kept).toString();
}
