/** Everything live behind the page: the stream, the polls, the tiles and their pictures. Screens only look at it. */

import { inject, ref, shallowRef, type InjectionKey } from "vue";
import { apiUrl, getJson, type Fault } from "@/api/client";
import { ResultStream, type Gap, type StreamState } from "@/api/stream";
import { parseResult, resultOf } from "@/contract/parse";
import type { ModelFigures } from "@/contract/models";
import type { CameraEntry, LedgerReport, Result } from "@/contract/types";
import { summarise, type Summary } from "@/ledger/summary";
import { PictureLoader } from "@/live/loader";
import { Rate } from "@/live/rate";
import type { Tile } from "@/live/tile";
import { Wall } from "@/live/wall";

const POLL_MS = 3_000;
const REFRESH_MS = 500;
/** Milliseconds that the page says of a gap in the stream that there was one. */
const GAP_SHOWN_MS = 15_000;
/** An audit reads what is new since the last one, which may be much. */
const LEDGER_TIMEOUT_S = 30;

/** Takes each result as it comes. */
export type Listener = (result: Result) => void;

export class Session {
  readonly connection = ref<StreamState>("connecting");
  /** What keeps the API from answering in full; null: nothing. */
  readonly outage = shallowRef<Fault | null>(null);
  /** Null until the API has answered once. */
  readonly cameras = shallowRef<readonly CameraEntry[] | null>(null);
  readonly models = shallowRef<readonly ModelFigures[]>([]);
  readonly ledger = shallowRef<Summary | null>(null);
  readonly resultsPerSecond = ref(0);
  /** The last gap in the stream, while it is news. */
  readonly gap = shallowRef<{ readonly missed: number | null } | null>(null);

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
    onGap: (gap) => this.#missed(gap),
  });
  readonly #rate = new Rate();
  readonly #listeners = new Set<Listener>();
  readonly #expired: () => void;
  #recalled = new WeakSet<Tile>();

  /** Calls `expired` when the API does not know the visitor any more. */
  constructor(expired: () => void) {
    this.#expired = expired;
  }

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

  /** Calls `listener` with every result from now on; returns what ends that. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes a camera as the API has just told of it, before the next poll would. */
  learn(entry: CameraEntry): void {
    const others = (this.cameras.value ?? []).filter(({ camera }) => camera.id !== entry.camera.id);
    this.#configure([...others, entry].sort((one, other) => one.camera.id.localeCompare(other.camera.id)));
  }

  /** Forgets a camera that was removed, before the next poll would. */
  forget(camera: string): void {
    this.#configure((this.cameras.value ?? []).filter((entry) => entry.camera.id !== camera));
  }

  #configure(cameras: readonly CameraEntry[]): void {
    this.cameras.value = cameras;
    this.wall.configure(cameras, performance.now());
    this.#refresh();
  }

  get #informed(): boolean {
    return this.outage.value?.kind !== "unreachable";
  }

  #take(text: string): void {
    const result = parseResult(text);
    if (!result) return;
    const now = performance.now();
    this.#rate.add(now);
    const tile = this.wall.tileOf(result);
    if (tile.accept(result, now) && tile.newest) this.#loader.offer(tile.key, tile.newest);
    for (const listener of this.#listeners) listener(result);
  }

  #missed(gap: Gap | null): void {
    const news = { missed: gap?.missed ?? null };
    this.gap.value = news;
    setTimeout(() => {
      if (this.gap.value === news) this.gap.value = null;
    }, GAP_SHOWN_MS);
  }

  #connected(state: StreamState): void {
    if (state === "live") {
      for (const tile of this.wall.tiles.value) tile.forgetOrder();
      this.#recalled = new WeakSet();
    }
    this.connection.value = state;
  }

  #refresh(): void {
    if (document.hidden) return;
    const now = performance.now();
    this.resultsPerSecond.value = this.#rate.perSecond(now);
    for (const tile of this.wall.tiles.value) tile.refresh(now, Date.now(), this.#informed);
    if (this.#informed) this.wall.arrange(now);
  }

  /** One request after the other, for ever: the polls share one connection. */
  async #poll(): Promise<void> {
    for (;;) {
      if (!document.hidden) this.#judge(await this.#pollOnce().catch(brokenAnswer));
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Asks for everything; the first fault, after which further questions would only wait for their time-outs. */
  async #pollOnce(): Promise<Fault | null> {
    const cameras = await getJson<{ cameras: CameraEntry[] }>("cameras");
    if (cameras.kind !== "ok") return cameras;
    this.#configure(cameras.value.cameras);
    const models = await getJson<{ models: ModelFigures[] }>("models");
    if (models.kind !== "ok") return models;
    this.models.value = models.value.models;
    this.wall.setModels(models.value.models);
    const recalled = await this.#recall();
    if (recalled) return recalled;
    // Without Kafka the ledger would keep us waiting: only this says so at once.
    const ready = await getJson<unknown>("../../readyz");
    if (ready.kind !== "ok") return ready;
    const ledger = await getJson<LedgerReport>("ledger", LEDGER_TIMEOUT_S);
    if (ledger.kind !== "ok") return ledger;
    this.ledger.value = summarise(ledger.value);
    return null;
  }

  /** Asks for the last result of each tile that has had none, so that a camera that has ended shows its last picture. */
  async #recall(): Promise<Fault | null> {
    const now = performance.now();
    for (const tile of this.wall.tiles.value.filter((one) => one.quiet(now) === null && !this.#recalled.has(one))) {
      const query = new URLSearchParams({ camera: tile.camera, model: tile.model, limit: "1" });
      const answer = await getJson<{ results: unknown[] }>(`results?${query}`);
      // A model that the catalogue does not know has no results, and that is no trouble of the page's.
      if (answer.kind === "failed" && answer.status === 404) continue;
      if (answer.kind !== "ok") return answer;
      this.#recalled.add(tile);
      const result = resultOf(answer.value.results[0]);
      if (!result) continue;
      const age = Math.max(0, Date.now() - Date.parse(result.frame.captured_at));
      if (tile.recall(result, performance.now() - age) && tile.newest) this.#loader.offer(tile.key, tile.newest);
    }
    return null;
  }

  #judge(fault: Fault | null): void {
    if (fault?.kind === "failed" && fault.status === 401) this.#expired();
    const wasAway = this.outage.value?.kind === "unreachable";
    this.outage.value = fault;
    if (wasAway && fault?.kind !== "unreachable") this.#stream.reopen();
  }
}

/** An answer that is not what the API promises must not end the polls: it is shown, and they go on. */
function brokenAnswer(error: unknown): Fault {
  console.error("an answer of the API could not be used", error);
  return { kind: "failed", status: 200, detail: `What it said could not be used: ${String(error)}` };
}

/** Where a component finds its session. */
export const sessionKey: InjectionKey<Session> = Symbol("session");

/** The page's session. */
export function useSession(): Session {
  const session = inject(sessionKey);
  if (!session) throw new Error("no session: expected app.provide(sessionKey, …) in main.ts");
  return session;
}
