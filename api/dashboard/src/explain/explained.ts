/** One frame as Explain shows it: its outcome, its results and its picture, asked for until there is nothing to wait for. */

import { shallowRef } from "vue";
import { getBytes, getJson, type Fault } from "@/api/client";
import { fullResultOf, type FullResult, type OutcomeAnswer } from "@/contract/explain";
import type { Result } from "@/contract/types";
import { resultOf } from "@/contract/parse";
import { neighboursOf, type Neighbours } from "@/explain/neighbours";
import { decode } from "@/paint/decode";

export type Picture =
  | { readonly kind: "loading" }
  | { readonly kind: "picture"; readonly bitmap: ImageBitmap }
  /** Why there is none; `status`: what the API answered, 0 where it is the picture's own fault. */
  | { readonly kind: "none"; readonly reason: string; readonly status: number };

/** Seconds around a frame in which its neighbours are looked for, one after the other. */
const REACHES = [3, 30, 300];
const PAGES = 5;
/** How far this machine's clock may be ahead of the API's. */
const CLOCKS_MS = 60_000;

export class Explained {
  readonly answer = shallowRef<OutcomeAnswer | null>(null);
  /** Of the frame, newest first, as the API gives them. */
  readonly results = shallowRef<readonly FullResult[]>([]);
  /** Why there is no answer, or no newer one. */
  readonly fault = shallowRef<Fault | null>(null);
  readonly picture = shallowRef<Picture>({ kind: "loading" });
  readonly neighbours = shallowRef<Neighbours>({ before: null, after: null });
  #closed = false;
  #located = false;

  /** `identity`: which frame is meant, as a query; empty: whichever is at that address. */
  constructor(
    readonly address: string,
    readonly identity = "",
  ) {}

  /** Whether nothing of it changes any more, and nothing is to be tried again. */
  get isDone(): boolean {
    const { fault, answer, picture } = {
      fault: this.fault.value,
      answer: this.answer.value,
      picture: this.picture.value,
    };
    if (fault) return fault.kind === "failed" && fault.status >= 400 && fault.status < 500;
    return answer !== null && answer.outcome !== "waiting" && (picture.kind === "picture" || isFinal(picture));
  }

  /** Asks for whatever is not known yet. */
  async look(): Promise<void> {
    const answer = await getJson<OutcomeAnswer>(this.#path("/outcome"));
    if (this.#closed) return;
    this.fault.value = answer.kind === "ok" ? null : answer;
    if (answer.kind === "ok") {
      this.results.value = answer.value.results.map(fullResultOf).filter((result) => result !== null);
      this.answer.value = answer.value;
    }
    if (this.picture.value.kind !== "picture") await this.#loadPicture();
    if (!this.#located && answer.kind === "ok") await this.#locate(answer.value);
  }

  /** Gives back what it holds. */
  close(): void {
    this.#closed = true;
    if (this.picture.value.kind === "picture") this.picture.value.bitmap.close();
  }

  #path(what: string): string {
    return `frames/${this.address}${what}${this.identity ? `?${this.identity}` : ""}`;
  }

  async #loadPicture(): Promise<void> {
    const answer = await getBytes(this.#path(""));
    if (answer.kind !== "ok") {
      this.#show({ kind: "none", ...trouble(answer) });
      return;
    }
    const decoded = await decode(answer.value);
    if (decoded.kind === "refused") this.#show({ kind: "none", reason: decoded.reason, status: 0 });
    else if (this.#closed || this.picture.value.kind === "picture") decoded.bitmap.close();
    else this.#show(decoded);
  }

  #show(picture: Picture): void {
    if (!this.#closed) this.picture.value = picture;
  }

  /** Looks for the frames before and after, in results of about the same time. */
  async #locate({ frame }: OutcomeAnswer): Promise<void> {
    const [result] = this.results.value;
    const anchor = result?.inferred_at ?? frame?.appended_at;
    const position = frame ?? result?.frame;
    if (!anchor || !position) return;
    this.#located = true;
    for (const reach of REACHES) {
      const found = neighboursOf(position, await this.#around(position.camera, Date.parse(anchor), reach));
      if (this.#closed) return;
      this.neighbours.value = found;
      if (found.before && found.after) return;
    }
  }

  async #around(camera: string, at: number, reach: number): Promise<readonly Result[]> {
    const [model = ""] = this.address.split("/");
    const moment = (seconds: number): string => new Date(at + 1000 * seconds).toISOString();
    // An end that is not in the past, by the API's clock, is none.
    const isPast = at + 1000 * reach < Date.now() - CLOCKS_MS;
    const query = { camera, model, since: moment(-reach), ...(isPast ? { until: moment(reach) } : {}), limit: "1000" };
    const found: Result[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < PAGES; page++) {
      const search: URLSearchParams = new URLSearchParams(cursor ? { ...query, cursor } : query);
      const answer = await getJson<{ results: unknown[]; next: string | null }>(`results?${search}`);
      if (answer.kind !== "ok") break;
      found.push(...answer.value.results.map(resultOf).filter((result) => result !== null));
      cursor = answer.value.next;
      if (!cursor) break;
    }
    return found;
  }
}

/** Whether the answer would be the same one another time. */
const isFinal = (picture: Picture): boolean => picture.kind === "none" && picture.status < 500;

function trouble(fault: Fault): { reason: string; status: number } {
  switch (fault.kind) {
    case "unreachable":
      return { reason: "The API does not answer.", status: 503 };
    case "unavailable":
      return { reason: fault.detail, status: 503 };
    case "failed":
      return { reason: fault.detail, status: fault.status };
  }
}
