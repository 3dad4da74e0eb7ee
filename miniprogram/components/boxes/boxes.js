'use strict';

const { classColour, percent } = require('../../predictions.js');
const { Slots } = require('./slots.js');

const COUNT = 20;
const FADE_MS = 150;

/** @typedef {import('../../moving-overlay').Moving} Moving */
/** @typedef {Record<'x'|'y'|'width'|'height'|'opacity', {value: any}>} Place shared with the UI thread */

/** @type {Map<object, {slots: Slots, places: Place[]}>} by component */
const shown = new Map();

/** @returns {Place} */
function newPlace() {
  const { shared } = wx.worklet;
  return { x: shared(0), y: shared(0), width: shared(0), height: shared(0), opacity: shared(0) };
}

/** @returns {any} which WeChat's typings leave out */
function linear() {
  return /** @type {any} */ (wx.worklet.Easing).linear;
}

/**
 * Move on the UI thread.
 * @param {{value: any}} value
 * @param {number} to
 * @param {number} ms
 */
function glide(value, to, ms) {
  const { timing } = wx.worklet;
  value.value = ms > 0 ? timing(to, { duration: ms, easing: linear() }, () => {}) : to;
}

/**
 * Boxes that Skyline moves on its UI thread: each glides from where it is to where it will be, so it
 * moves smoothly however busy the page's JavaScript is. Without Skyline there are none.
 */
Component({
  data: { slots: /** @type {{slot: number, text: string, colour: string}[]} */ ([]) },

  lifetimes: {
    attached() {
      if (this.renderer !== 'skyline' || !wx.worklet) return;
      const places = Array.from({ length: COUNT }, newPlace);
      shown.set(this, { slots: new Slots(COUNT), places });
      const slots = places.map((_, slot) => ({ slot, text: '', colour: '' }));
      this.setData({ slots }, () => places.forEach((place, slot) => this.bind(`#box-${slot}`, place)));
    },
    detached() {
      shown.delete(this);
    },
  },

  methods: {
    /** @returns {boolean} whether boxes can be shown here */
    isMoving() {
      return shown.has(this);
    },

    /**
     * @param {string} selector
     * @param {Place} place
     */
    bind(selector, { x, y, width, height, opacity }) {
      this.applyAnimatedStyle(selector, () => {
        'worklet';
        return {
          transform: `translate(${x.value}px, ${y.value}px)`,
          width: `${width.value}px`,
          height: `${height.value}px`,
          opacity: `${opacity.value}`,
        };
      });
    },

    /** @param {Moving[]} marks best first */
    show(marks) {
      const own = shown.get(this);
      if (!own) return;
      const assigned = own.slots.assign(marks.map(keyOf));
      assigned.forEach(({ slot, isNew }, i) => place(own.places[slot], marks[i], isNew));
      own.places.forEach(({ opacity }, slot) => {
        if (own.slots.keys[slot] === null) glide(opacity, 0, FADE_MS);
      });
      this.label(assigned, marks);
    },

    /**
     * Update the tags that have changed; setData is slow.
     * @param {{slot: number}[]} assigned
     * @param {Moving[]} marks
     */
    label(assigned, marks) {
      /** @type {Record<string, string>} */
      const changes = {};
      assigned.forEach(({ slot }, i) => {
        const { name, score, index } = marks[i];
        const [text, colour] = [`${name}  ${percent(score)}`, classColour(index)];
        if (this.data.slots[slot].text !== text) changes[`slots[${slot}].text`] = text;
        if (this.data.slots[slot].colour !== colour) changes[`slots[${slot}].colour`] = colour;
      });
      if (Object.keys(changes).length > 0) this.setData(changes);
    },
  },
});

/**
 * What a box keeps from one result to the next.
 * @param {Moving} mark
 * @param {number} i
 */
function keyOf({ id, index }, i) {
  return id === undefined ? `${index}/${i}` : String(id);
}

/**
 * @param {Place} place
 * @param {Moving} mark
 * @param {boolean} isNew
 */
function place({ x, y, width, height, opacity }, { rect, goal: to, goalMs }, isNew) {
  /** @type {[{value: any}, number, number][]} */
  const sides = [
    [x, rect.x, to.x],
    [y, rect.y, to.y],
    [width, rect.width, to.width],
    [height, rect.height, to.height],
  ];
  for (const [side, from, goes] of sides) {
    side.value = from;
    glide(side, goes, goalMs);
  }
  if (isNew) glide(opacity, 1, FADE_MS);
}
