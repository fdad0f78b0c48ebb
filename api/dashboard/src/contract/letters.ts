/** What the API says of dead letters, and of sending them again. */

/** One time that a frame was sent again, to `address`. */
export interface Sending {
  readonly number: number;
  readonly address: string;
  readonly at: string | null;
  /** What became of it there: inferred, dead again, expired, waiting, unknown. */
  readonly outcome: string;
}

export interface Letter {
  readonly address: string;
  readonly at: string;
  readonly camera: string;
  readonly error: string;
  readonly message: string;
  readonly attempts: number;
  /** Bytes of its value; null: only the address was kept. */
  readonly size: number | null;
  /** The address that the frame had at first, where it had been sent again before it died here. */
  readonly redrive_of: string | null;
  readonly redrive: number | null;
  readonly redrives: readonly Sending[];
}

/** The answer of `dead-letters`: newest first; `next` is the `before` of those that follow. */
export interface Letters {
  readonly letters: readonly Letter[];
  readonly next: string | null;
  readonly known: number;
}

/** What came of the wish to send one letter again. */
export interface SentAgain {
  readonly address: string;
  readonly outcome: "redriven" | "not-found" | "refused" | "gone" | "failed";
  readonly detail: string;
  /** The frame's new address. */
  readonly to: string | null;
}
