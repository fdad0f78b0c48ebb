/** The dead letters as the page lists them, and the sending of them again. */

import { ref, shallowRef } from "vue";
import { getJson, sendJson, type Fault } from "@/api/client";
import type { Letter, Letters, SentAgain } from "@/contract/letters";
import { EVERYTHING, letterQuery, type Wanted } from "@/letters/wanted";

/** Letters that one request may send again. */
const MOST = 100;
const SEND_S = 60;

export class LetterDesk {
  readonly letters = shallowRef<readonly Letter[] | null>(null);
  /** Where those that follow begin; null: nothing follows. */
  readonly next = ref<string | null>(null);
  readonly known = ref(0);
  readonly fault = shallowRef<Fault | null>(null);
  readonly busy = ref(false);
  /** What came of each letter that was sent again from here, by its address. */
  readonly sent = shallowRef<ReadonlyMap<string, SentAgain>>(new Map());
  /** Whether older ones than the first page's were asked for. */
  isBeyondFirst = false;
  #wanted: Wanted = EVERYTHING;
  #round = 0;

  /** Lists what is `wanted`, from the newest on. */
  async list(wanted: Wanted = this.#wanted): Promise<void> {
    this.#wanted = wanted;
    await this.#load(null);
  }

  /** Adds those that follow. */
  async more(): Promise<void> {
    if (this.next.value !== null) await this.#load(this.next.value);
  }

  /** Sends letters again; `again`: also those that were and have not died since. */
  async send(addresses: readonly string[], again: boolean): Promise<readonly SentAgain[]> {
    this.busy.value = true;
    const all: SentAgain[] = [];
    for (let from = 0; from < addresses.length; from += MOST) {
      const some = addresses.slice(from, from + MOST);
      const body = { addresses: some, again };
      const answer = await sendJson<{ outcomes: SentAgain[] }>("POST", "dead-letters/redrive", body, SEND_S);
      if (answer.kind === "ok" && answer.value) all.push(...answer.value.outcomes);
      else all.push(...some.map((address) => notSent(address, answer.kind === "ok" ? null : answer)));
    }
    this.sent.value = new Map([...this.sent.value, ...all.map((one) => [one.address, one] as const)]);
    this.busy.value = false;
    return all;
  }

  async #load(before: string | null): Promise<void> {
    const round = ++this.#round;
    const answer = await getJson<Letters>(letterQuery(this.#wanted, before));
    if (round !== this.#round) return; // somebody has asked for something else meanwhile
    this.fault.value = answer.kind === "ok" ? null : answer;
    if (answer.kind !== "ok") return;
    this.isBeyondFirst = before !== null;
    const earlier = before === null ? [] : (this.letters.value ?? []);
    this.letters.value = [...earlier, ...answer.value.letters];
    this.next.value = answer.value.next;
    this.known.value = answer.value.known;
  }
}

const REFUSALS: Readonly<Record<number, SentAgain["outcome"]>> = {
  404: "not-found",
  410: "gone",
  409: "refused",
  403: "refused",
};

/** The outcome of a letter that the API answers with a problem: of a single one it does. */
function notSent(address: string, fault: Fault | null): SentAgain {
  const outcome = fault?.kind === "failed" ? (REFUSALS[fault.status] ?? "failed") : "failed";
  const detail = fault === null || fault.kind === "unreachable" ? "The API does not answer." : fault.detail;
  return { address, outcome, detail, to: null };
}
