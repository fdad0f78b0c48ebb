/** The last minutes of the models that are shown, asked for one after the other: they share a connection. */

import { shallowRef, watch } from "vue";
import { getJson, type Fault } from "@/api/client";
import type { History, Sample } from "@/contract/models";
import { usePoll } from "@/live/poll";

const POLL_MS = 5_000;

export interface Histories {
  readonly of: (model: string) => readonly Sample[];
  /** Why the charts do not go on; null: they do. */
  readonly fault: () => Fault | null;
}

/** The last `minutes` of the models that `names` gives each time. */
export function useHistories(names: () => readonly string[], minutes: number): Histories {
  const samples = shallowRef<ReadonlyMap<string, readonly Sample[]>>(new Map());
  const fault = shallowRef<Fault | null>(null);
  const poll = usePoll(async () => {
    for (const name of names()) {
      const answer = await getJson<History>(`models/${name}/history?minutes=${minutes}`);
      fault.value = answer.kind === "ok" ? null : answer;
      if (answer.kind !== "ok") return;
      samples.value = new Map([...samples.value, [name, answer.value.samples]]);
    }
  }, POLL_MS);
  // A model that is new here need not wait for the next turn.
  watch(
    () =>
      names()
        .filter((name) => !samples.value.has(name))
        .join(" "),
    (missing) => missing && poll.now(),
  );
  return { of: (model) => samples.value.get(model) ?? [], fault: () => fault.value };
}
