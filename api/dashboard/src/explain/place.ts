/** Where a frame is explained. */

import { placeOf } from "@/screens/place";

export const EXPLAIN = "/frames/:model/:partition/:offset";

/** The place on the page of the frame at `address` (model/partition/offset). */
export function explainPlace(address: string): string {
  const [model = "", partition = "", offset = ""] = address.split("/");
  return placeOf(EXPLAIN, { model, partition, offset });
}
