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
 * Move on the UI thread, from where it is.
 * @param {{value: any}} value
 * @param {...[number, number]} ways where to, and in how many ms, one after another
 */
function glide(value, ...ways) {
  const { sequence, timing } = /** @type {any} */ (wx.worklet); // its type takes one animation only
  const legs = ways.filter(([, ms]) => ms > 0).map(([to, ms]) => timing(to, { duration: ms, easing: linear() }));
  const [last] = ways[ways.length - 1];
  if (legs.length === 0) value.value = last;
  else value.value = legs.length === 1 ? legs[0] : sequence(...legs);
}

/**
 * Boxes that Skyline moves on its UI thread: each glides from where it is to where it will be, so it
 * moves smoothly however busy the page's JavaScript is, and a new result makes no box jump. Without
 * Skyline there are none.
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
        if (own.slots.keys[slot] === null) glide(opacity, [0, FADE_MS]);
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
function place({ x, y, width, height, opacity }, { rect, settled, settleMs, goal, goalMs }, isNew) {
  /** @type {[{value: any}, 'x'|'y'|'width'|'height'][]} */
  const sides = [
    [x, 'x'],
    [y, 'y'],
    [width, 'width'],
    [height, 'height'],
  ];
  for (const [value, side] of sides) {
    if (isNew) value.value = rect[side]; // another box was there
    glide(value, [settled[side], settleMs], [goal[side], goalMs]);
  }
  if (isNew) glide(opacity, [1, FADE_MS]);
}
