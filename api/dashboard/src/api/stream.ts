/** The one stream of results that every tile shares, reopened for ever. */

export type StreamState = "connecting" | "live" | "reconnecting";

export interface StreamEvents {
  onData(text: string): void;
  onState(state: StreamState): void;
  /** Results were left out, of which there may be a count. */
  onGap(missed: number | null): void;
}

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 8_000;

export class ResultStream {
  readonly #url: string;
  readonly #events: StreamEvents;
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #delay = FIRST_DELAY_MS;

  constructor(url: string, events: StreamEvents) {
    this.#url = url;
    this.#events = events;
  }

  /** Opens the stream. */
  open(): void {
    this.#events.onState("connecting");
    this.#connect();
  }

  /** Starts anew at once: after an outage a connection may look open though its other end is gone. */
  reopen(): void {
    this.#events.onState("reconnecting");
    this.#delay = FIRST_DELAY_MS;
    this.#connect();
  }

  /** Ends the stream. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#source?.close();
    this.#source = null;
  }

  #connect(): void {
    this.close();
    const source = new EventSource(this.#url);
    this.#source = source;
    source.addEventListener("open", () => {
      this.#delay = FIRST_DELAY_MS;
      this.#events.onState("live");
    });
    source.addEventListener("result", (event: MessageEvent<string>) => this.#events.onData(event.data));
    source.addEventListener("gap", (event: MessageEvent<string>) => this.#events.onGap(missedIn(event.data)));
    source.addEventListener("error", () => this.#retry());
  }

  /** With a back-off of our own: a browser never tries again after an HTTP error, and after others at a fixed pace. */
  #retry(): void {
    this.close();
    this.#events.onState("reconnecting");
    this.#timer = setTimeout(() => this.#connect(), this.#delay * (0.75 + Math.random() / 2));
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY_MS);
  }
}

function missedIn(text: string): number | null {
  try {
    const gap: unknown = JSON.parse(text);
    const missed = typeof gap === "object" && gap !== null && "missed" in gap ? gap.missed : null;
    return typeof missed === "number" ? missed : null;
  } catch {
    return null; // there is a gap all the same
  }
}
