/** Vibrates when a tracked object enters or leaves a zone or crosses a line. */
'use strict';

const { now } = require('./client/lib/index.js');
const config = require('./config.js');

const PAUSE_MS = 300; // several events at once feel like one

let lastAt = -Infinity;

/** @param {import('./client/lib/index').TrackingEvent[]|undefined} events of a result */
function vibrateFor(events) {
  if (!config.haptics || !events || events.length === 0 || now() - lastAt < PAUSE_MS) return;
  lastAt = now();
  wx.vibrateShort({ type: 'medium', fail: () => {} }); // tablets cannot
}

module.exports = { vibrateFor };
