/**
 * Which of a fixed number of views shows which box. A box keeps its view from one result to the next,
 * so that it glides on instead of jumping to another box's place.
 */
'use strict';

class Slots {
  /** @param {number} count */
  constructor(count) {
    /** @type {(string|null)[]} the key of the box that each slot shows */
    this.keys = Array.from({ length: count }, () => null);
  }

  /**
   * Show these boxes and no others; boxes beyond the number of slots are left out.
   * @param {string[]} keys best first, each once
   * @returns {{slot: number, isNew: boolean}[]} for as many of them as there are slots
   */
  assign(keys) {
    const shown = keys.slice(0, this.keys.length);
    this.keys = this.keys.map((key) => (key !== null && shown.includes(key) ? key : null));
    return shown.map((key) => {
      const known = this.keys.indexOf(key);
      const slot = known >= 0 ? known : this.keys.indexOf(null);
      this.keys[slot] = key;
      return { slot, isNew: known < 0 };
    });
  }
}

module.exports = { Slots };
