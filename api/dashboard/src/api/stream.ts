/** The one stream of results that every tile shares: reopened for ever, behind the last event that came. */

export type StreamState = "connecting" | "live" | "reconnecting";

/** What was not sent, by `model/partition`: from the first offset to the one behind the last. */
export interface Gap {
  /** How many results; null where nobody knows. */
  missed: number | null;
  offsets: Record<string, [number, number]>;
}

export interface StreamEvents {
  onData(text: string): void;
  onState(state: StreamState): void;
  /** Results were left out; null where the stream began anew, and nobody knows what came meanwhile. */
  onGap?(gap: Gap | null): void;
}

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 8_000;
/** The id is none of this service's any more: its Kafka was made anew. */
const REFUSED = 422;

export class ResultStream {
  readonly #url: string;
  readonly #events: StreamEvents;
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #delay = FIRST_DELAY_MS;
  #last = "";

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

  /** Where to connect: a new EventSource sends no id of its own accord. */
  get #address(): string {
    if (!this.#last) return this.#url;
    const separator = this.#url.includes("?") ? "&" : "?";
    return `${this.#url}${separator}last_event_id=${encodeURIComponent(this.#last)}`;
  }

  #connect(): void {
    this.close();
    const source = new EventSource(this.#address);
    let opened = false;
    this.#source = source;
    source.addEventListener("open", () => {
      opened = true;
      this.#delay = FIRST_DELAY_MS;
      this.#events.onState("live");
    });
    source.addEventListener("result", (event: MessageEvent<string>) => {
      this.#keep(event);
      this.#events.onData(event.data);
    });
    source.addEventListener("gap", (event: MessageEvent<string>) => {
      this.#keep(event);
      this.#events.onGap?.(parseGap(event.data));
    });
    source.addEventListener("error", () => {
      this.#retry();
      if (!opened && this.#last) void this.#ask(this.#last);
    });
  }

  #keep(event: MessageEvent<string>): void {
    if (event.lastEventId) this.#last = event.lastEventId;
  }

  /** With a back-off of our own: a browser never tries again after an HTTP error, and after others at a fixed pace. */
  #retry(): void {
    this.close();
    this.#events.onState("reconnecting");
    this.#timer = setTimeout(() => this.#connect(), this.#delay * (0.75 + Math.random() / 2));
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY_MS);
  }

  /** Asks whether it was the id: an EventSource does not say why it failed. */
  async #ask(last: string): Promise<void> {
    const abort = new AbortController();
    const status = await fetch(this.#address, { signal: abort.signal }).then(
      (answer) => answer.status,
      () => 0,
    );
    abort.abort();
    if (status !== REFUSED || this.#last !== last) return;
    this.#last = "";
    this.#events.onGap?.(null);
  }
}

function parseGap(text: string): Gap | null {
  try {
    return JSON.parse(text) as Gap;
  } catch {
    return null;
  }
}
