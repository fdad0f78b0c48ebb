/** What is said over a tile's picture, or in its place: pure. */

import type { TileView } from "@/live/tile";
import { capitalised } from "@/text/format";

/** The notice of a tile that says `view`; empty: the picture says it all. */
export function noticeOf({ state, picture, trouble }: TileView): string {
  const alarming = state.tone === "bad" || state.tone === "warn";
  if (trouble && state.tone !== "bad") return trouble;
  if (picture) return alarming ? state.detail : "";
  if (state.detail) return state.detail;
  return state.tone === "good" ? "Loading the newest picture…" : capitalised(state.label);
}
