/** The catalogue's models by whether anything here uses them. */

import type { CameraEntry, ModelEntry } from "@/contract/types";

export interface Sorted<M extends ModelEntry> {
  readonly used: readonly M[];
  readonly others: readonly M[];
}

/** Used is what a camera names, what gave results, and what has frames that wait or that nobody could ask about. */
export function sortModels<M extends ModelEntry>(models: readonly M[], cameras: readonly CameraEntry[]): Sorted<M> {
  const named = new Set(cameras.flatMap((entry) => entry.camera.models));
  const isUsed = (model: ModelEntry): boolean => named.has(model.name) || model.version !== null || model.lag !== 0;
  return { used: models.filter(isUsed), others: models.filter((model) => !isUsed(model)) };
}
