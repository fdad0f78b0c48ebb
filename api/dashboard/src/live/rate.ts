/** Events a second over a sliding window, from quarter-second bins: constant memory, cheap at any rate. */

const BINS = 16;

export class Rate {
  readonly #counts = new Uint32Array(BINS);
  readonly #slot = 250;
  #head = -1;
  #first = Infinity;

  /** Counts one event at `now`, in milliseconds of a clock that never goes back. */
  add(now: number): void {
    this.#advance(now);
    this.#first = Math.min(this.#first, now);
    const index = this.#head % BINS;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  /** Events a second over the last four seconds, or since the first event if that is shorter. */
  perSecond(now: number): number {
    this.#advance(now);
    if (this.#first === Infinity) return 0;
    const total = this.#counts.reduce((sum, count) => sum + count, 0);
    // The newest bin is still filling: the window ends now and starts with the oldest bin.
    const window = (BINS - 1) * this.#slot + (now % this.#slot);
    return (total * 1000) / Math.min(window, Math.max(now - this.#first, 1000));
  }

  #advance(now: number): void {
    const head = Math.floor(now / this.#slot);
    if (this.#head < 0 || head - this.#head >= BINS) this.#counts.fill(0);
    else for (let slot = this.#head + 1; slot <= head; slot++) this.#counts[slot % BINS] = 0;
    this.#head = Math.max(this.#head, head);
  }
}
