/** Infers a frame once more, now, by a model of choice: asks, waits where no worker answers at once, gives the result. */

import { shallowRef } from "vue";
import { getJson, sendJson, type Fault } from "@/api/client";
import { faultSentence } from "@/api/fault";
import { fullResultOf, type FullResult, type OutcomeAnswer } from "@/contract/explain";

export type Inferring =
  | { readonly kind: "idle" }
  | { readonly kind: "asking"; readonly model: string }
  /** In the log at `address`, and no worker has come to it yet. */
  | { readonly kind: "waiting"; readonly model: string; readonly address: string; readonly since: number }
  | { readonly kind: "done"; readonly model: string; readonly result: FullResult; readonly tookS: number | null }
  | { readonly kind: "failed"; readonly model: string; readonly reason: string };

interface Asked {
  readonly result?: unknown;
  readonly took_s?: number;
  readonly address?: string;
}

/** An answer takes as long as the API waits for a worker. */
const TIMEOUT_S = 30;
const POLL_MS = 1_000;

export class FrameInference {
  readonly state = shallowRef<Inferring>({ kind: "idle" });
  #round = 0;

  constructor(
    readonly address: string,
    readonly sleep: (ms: number) => Promise<void> = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  ) {}

  /** Asks for the frame to be inferred by `model`, and sees it through. */
  async start(model: string): Promise<void> {
    const round = ++this.#round;
    this.state.value = { kind: "asking", model };
    const answer = await sendJson<Asked>("POST", `frames/${this.address}/infer`, { model }, TIMEOUT_S);
    if (round !== this.#round) return;
    if (answer.kind !== "ok") {
      this.state.value = { kind: "failed", model, reason: whyNot(answer) };
      return;
    }
    const { result, took_s, address } = answer.value ?? {};
    if (result !== undefined) this.#finish(model, result, took_s ?? null);
    else if (address !== undefined) await this.#wait(round, model, address);
    else this.state.value = { kind: "failed", model, reason: "The API’s answer has neither a result nor an address." };
  }

  /** Waits no longer; the frame stays in the log, and is inferred all the same. */
  stop(): void {
    this.#round++;
    this.state.value = { kind: "idle" };
  }

  async #wait(round: number, model: string, address: string): Promise<void> {
    this.state.value = { kind: "waiting", model, address, since: Date.now() };
    for (;;) {
      await this.sleep(POLL_MS);
      if (round !== this.#round) return;
      const answer = await getJson<OutcomeAnswer>(`frames/${address}/outcome`);
      if (round !== this.#round) return;
      // While Kafka or the API is away there is no news, and the frame is where it was.
      if (answer.kind !== "ok" || answer.value.outcome === "waiting" || answer.value.outcome === "unknown") continue;
      const [result] = answer.value.results;
      if (result !== undefined) this.#finish(model, result, null);
      else this.state.value = { kind: "failed", model, reason: otherOutcome(answer.value) };
      return;
    }
  }

  #finish(model: string, value: unknown, tookS: number | null): void {
    const result = fullResultOf(value);
    this.state.value = result
      ? { kind: "done", model, result, tookS }
      : { kind: "failed", model, reason: "The API’s answer is not a result." };
  }
}

function whyNot(fault: Fault): string {
  if (fault.kind === "failed" && fault.status === 403) return "Only an operator may do this.";
  return faultSentence(fault);
}

function otherOutcome({ outcome, skip, dead_letter: letter }: OutcomeAnswer): string {
  if (letter) return `It was dead-lettered: ${letter.error}: ${letter.message}`;
  if (skip) return `It was skipped: ${skip.reason}.`;
  return `Its outcome is “${outcome}”.`;
}
