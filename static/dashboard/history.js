/** The samples that the page has: those of the last fifteen minutes, by number. */

export const MOST_SAMPLES = 900;

export class History {
  constructor() {
    this._samples = [];
  }

  /** The number of the first sample that is not here yet. */
  get next() {
    return this._samples.length ? this._samples[this._samples.length - 1].n + 1 : 0;
  }

  /**
   * Take in what the gateway has sent.
   * @param {object[]} samples numbered in order
   * @param {number} next the number of the gateway's next one; after its restart, it is lower than ours
   */
  add(samples, next) {
    if (next < this.next) this._samples = [];
    const fresh = samples.filter((sample) => sample.n >= this.next);
    this._samples = [...this._samples, ...fresh].slice(-MOST_SAMPLES);
  }

  /** The last `count` samples, one a second. */
  last(count) {
    return this._samples.slice(-count);
  }
}
