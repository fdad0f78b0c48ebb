/** Short notices of what was done, which go by themselves. */

import { inject, shallowRef, type InjectionKey } from "vue";

export type NoticeTone = "good" | "bad";

export interface Notice {
  readonly id: number;
  readonly tone: NoticeTone;
  readonly text: string;
}

/** Milliseconds that a notice stays: who must act on it finds it elsewhere on the page too. */
const STAY_MS = 6_000;

export class Notices {
  readonly shown = shallowRef<readonly Notice[]>([]);
  #last = 0;

  /** Shows `text` for a while. */
  say(text: string, tone: NoticeTone = "good"): void {
    const id = ++this.#last;
    this.shown.value = [...this.shown.value, { id, tone, text }];
    setTimeout(() => this.dismiss(id), STAY_MS);
  }

  /** Takes a notice away. */
  dismiss(id: number): void {
    this.shown.value = this.shown.value.filter((notice) => notice.id !== id);
  }
}

export const noticesKey: InjectionKey<Notices> = Symbol("notices");

/** The page's notices. */
export function useNotices(): Notices {
  const notices = inject(noticesKey);
  if (!notices) throw new Error("no notices: expected app.provide(noticesKey, …) in main.ts");
  return notices;
}
