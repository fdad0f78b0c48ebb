/** Everything live behind the page: the stream, the polls, the tiles and their pictures. Screens only look at it. */

import { inject, ref, shallowRef, type InjectionKey } from "vue";
import { apiUrl, getJson, type Fault } from "@/api/client";
import { ResultStream, type StreamState } from "@/api/stream";
import { parseResult, resultOf } from "@/contract/parse";
import type { CameraEntry, LedgerReport, ModelEntry } from "@/contract/types";
import { summarise, type Summary } from "@/ledger/summary";
import { PictureLoader } from "@/live/loader";
import { Rate } from "@/live/rate";
import type { Tile } from "@/live/tile";
import { Wall } from "@/live/wall";

const POLL_MS = 3_000;
const REFRESH_MS = 500;
/** How many past results are asked for, so that a camera that has ended shows its last picture. */
const RECALLED = 200;

export class Session {
  readonly connection = ref<StreamState>("connecting");
  /** What keeps the API from answering in full; null: nothing. */
  readonly outage = shallowRef<Fault | null>(null);
  /** Null until the API has answered once. */
  readonly cameras = shallowRef<readonly CameraEntry[] | null>(null);
  readonly models = shallowRef<readonly ModelEntry[]>([]);
  readonly ledger = shallowRef<Summary | null>(null);
  readonly resultsPerSecond = ref(0);

  readonly #loader = new PictureLoader({
    now: () => performance.now(),
    after: (ms, wake) => {
      const timer = setTimeout(wake, ms);
      return () => clearTimeout(timer);
    },
  });
  readonly wall = new Wall({
    added: (tile) => this.#loader.add(tile.key, (result) => tile.show(result)),
    removed: (tile) => this.#loader.remove(tile.key),
  });
  readonly #stream = new ResultStream(apiUrl("results/stream"), {
    onData: (text) => this.#take(text),
    onState: (state) => this.#connected(state),
  });
  readonly #rate = new Rate();
  #recalled = false;

  /** Begins; a session lives as long as its page. */
  start(): void {
    this.#stream.open();
    void this.#poll();
    setInterval(() => this.#refresh(), REFRESH_MS);
    document.addEventListener("visibilitychange", () => {
      this.#loader.setPaused(document.hidden);
      if (!document.hidden) this.#refresh();
    });
    this.#loader.setPaused(document.hidden);
  }

  /** Says whether anybody sees `tile`. */
  setVisible(tile: Tile, visible: boolean): void {
    this.#loader.setVisible(tile.key, visible);
  }

  /** Keeps the picture that `tile` shows, or lets it go on. */
  setHeld(tile: Tile, held: boolean): void {
    tile.held.value = held;
    this.#loader.setHeld(tile.key, held);
    tile.refresh(performance.now(), Date.now(), this.#informed);
  }

  get #informed(): boolean {
    return this.outage.value === null || this.outage.value.kind === "failed";
  }

  #take(text: string): void {
    const result = parseResult(text);
    if (!result) return;
    const now = performance.now();
    this.#rate.add(now);
    const tile = this.wall.tileOf(result);
    if (tile.accept(result, now)) this.#loader.offer(tile.key, result);
  }

  #connected(state: StreamState): void {
    if (state === "live") {
      for (const tile of this.wall.tiles.value) tile.forgetOrder();
      this.#recalled = false;
    }
    this.connection.value = state;
  }

  #refresh(): void {
    if (document.hidden) return;
    const now = performance.now();
    this.resultsPerSecond.value = this.#rate.perSecond(now);
    for (const tile of this.wall.tiles.value) tile.refresh(now, Date.now(), this.#informed);
  }

  /** One request after the other, for ever: the polls share one connection. */
  async #poll(): Promise<void> {
    for (;;) {
      if (!document.hidden) await this.#pollOnce();
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async #pollOnce(): Promise<void> {
    const faults: Fault[] = [];
    for (const step of this.#steps) {
      const fault = await step();
      if (fault) faults.push(fault);
      // Each further request would only wait for its own time-out.
      if (fault?.kind === "unreachable") break;
    }
    this.#judge(faults);
  }

  readonly #recall = ({ results }: { results: readonly unknown[] }): void => {
    this.#recalled = true;
    const now = performance.now();
    for (const result of results.map(resultOf).filter((one) => one !== null)) {
      const tile = this.wall.tileOf(result);
      const age = Math.max(0, Date.now() - Date.parse(result.frame.captured_at));
      if (tile.recall(result, now - age)) this.#loader.offer(tile.key, result);
    }
  };

  readonly #steps: readonly (() => Promise<Fault | null>)[] = [
    () =>
      ask<{ cameras: CameraEntry[] }>("cameras", ({ cameras }) => {
        this.cameras.value = cameras;
        this.wall.configure(cameras, performance.now());
      }),
    async () => (this.#recalled ? null : ask<{ results: unknown[] }>(`results?limit=${RECALLED}`, this.#recall)),
    () =>
      ask<{ models: ModelEntry[] }>("models", ({ models }) => {
        this.models.value = models;
        this.wall.setModels(models);
      }),
    () => ask<LedgerReport>("ledger", (report) => (this.ledger.value = summarise(report))),
  ];

  #judge(faults: readonly Fault[]): void {
    const wasUnreachable = this.outage.value?.kind === "unreachable";
    const worst = (["unreachable", "unavailable", "failed"] as const).flatMap((kind) =>
      faults.filter((fault) => fault.kind === kind),
    );
    this.outage.value = worst[0] ?? null;
    if (wasUnreachable && this.outage.value?.kind !== "unreachable") this.#stream.reopen();
  }
}

/** Where a component finds its session. */
export const sessionKey: InjectionKey<Session> = Symbol("session");

/** GETs `path` and uses the answer; the fault where there is none. */
async function ask<T>(path: string, use: (value: T) => void): Promise<Fault | null> {
  const answer = await getJson<T>(path);
  if (answer.kind !== "ok") return answer;
  use(answer.value);
  return null;
}

/** The page's session. */
export function useSession(): Session {
  const session = inject(sessionKey);
  if (!session) throw new Error("no session: expected app.provide(sessionKey, …) in main.ts");
  return session;
}
