/** Asks again and again while a component is on the page and the page is looked at. */

import { onScopeDispose } from "vue";

export interface Poll {
  /** Asks at once, and goes on from there. */
  now(): void;
  stop(): void;
}

/** Calls `ask` now, and again `ms` after it is done; what it rejects with is for the console. */
export function usePoll(ask: () => Promise<void>, ms: number): Poll {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let round = 0;

  const turn = async (mine: number): Promise<void> => {
    if (!document.hidden) await ask().catch((error: unknown) => console.error("a poll failed", error));
    if (mine === round) timer = setTimeout(() => void turn(mine), ms);
  };
  const stop = (): void => {
    round++;
    if (timer !== null) clearTimeout(timer);
    timer = null;
  };
  const now = (): void => {
    stop();
    void turn(round);
  };
  const look = (): void => {
    if (!document.hidden) now();
  };

  document.addEventListener("visibilitychange", look);
  onScopeDispose(() => {
    stop();
    document.removeEventListener("visibilitychange", look);
  });
  now();
  return { now, stop };
}
