/** The catalogue's models by whether anything here uses them. */

import type { CameraEntry, ModelEntry } from "@/contract/types";

export interface Sorted {
  readonly used: readonly ModelEntry[];
  readonly others: readonly ModelEntry[];
}

/** Used is what a camera names, what gave results, and what has frames that wait or that nobody could ask about. */
export function sortModels(models: readonly ModelEntry[], cameras: readonly CameraEntry[]): Sorted {
  const named = new Set(cameras.flatMap((entry) => entry.camera.models));
  const isUsed = (model: ModelEntry): boolean => named.has(model.name) || model.version !== null || model.lag !== 0;
  return { used: models.filter(isUsed), others: models.filter((model) => !isUsed(model)) };
}
