/**
 * Selects where frames come from, VisionKit or the camera component, by what they have cost.
 *
 * Each source is tried once on a phone; after that the cheaper one is used. What was found is
 * remembered, because a change of source interrupts the preview. A source that fails is not used
 * again, and neither is VisionKit's JPEG once it came back empty.
 */
'use strict';

/** @typedef {import('./index').Source} Source */
/** @typedef {import('./index').SourceMemory} SourceMemory */

class SourceSelector {
  /**
   * @param {object} options
   * @param {SourceMemory|null} [options.memory] what `remember` was called with before
   * @param {(memory: SourceMemory) => void} options.remember
   */
  constructor({ memory, remember }) {
    this._remember = remember;
    /** @type {Partial<Record<Source, number>>} */
    this._costs = memory ? { ...memory.costs } : {};
    /** @type {Set<Source>} */
    this._failed = new Set(memory ? memory.failed : []);
    this._failedForGood = new Set(this._failed);
    /** whether VisionKit has returned no empty JPEG */
    this.hasJpeg = memory ? memory.hasJpeg : true;
  }

  /**
   * @param {Source[]} available in the order to try them, not empty
   * @returns {Source} the last one if all have failed
   */
  select(available) {
    const usable = available.filter((source) => !this._failed.has(source));
    if (usable.length === 0) return available[available.length - 1];
    const untried = usable.find((source) => this._costs[source] === undefined);
    return untried || usable.reduce((best, source) => (this._cost(source) < this._cost(best) ? source : best));
  }

  /**
   * @param {Source} source
   * @param {number} ms for a frame
   */
  measured(source, ms) {
    this._costs[source] = ms;
    this._save();
  }

  /**
   * @param {Source} source
   * @param {boolean} isForGood false if it may work the next time
   */
  failed(source, isForGood) {
    this._failed.add(source);
    if (isForGood) this._failedForGood.add(source);
    this._save();
  }

  /** VisionKit returns empty JPEGs on this phone. */
  jpegFailed() {
    this.hasJpeg = false;
    this._save();
  }

  /** @param {Source} source */
  _cost(source) {
    const ms = this._costs[source];
    return ms === undefined ? Infinity : ms;
  }

  _save() {
    this._remember({ costs: { ...this._costs }, failed: [...this._failedForGood], hasJpeg: this.hasJpeg });
  }
}

module.exports = { SourceSelector };
