// Generated from static/tasks/second.js by `make miniprogram`; do not edit.
'use strict';

/** What a second model says about a box, in a word. */

/**
 * @param {import('../client/lib/core/types.js').SecondAnswer|null} [answer] as the wire has it
 * @returns {string} its best class, or the classes of the boxes in it from left to right; empty if
 *   there is none
 */
function secondName(answer) {
  if (!answer || !answer.classes || answer.classes.length === 0) return '';
  const { labels = [] } = answer;
  const names = answer.classes.map((index, i) => labels[i] || String(index));
  if (!answer.boxes) return names[0];
  const order = answer.boxes.map(([x0], i) => ({ x0, name: names[i] })).sort((a, b) => a.x0 - b.x0);
  return order.map(({ name }) => name).join(' ');
}

module.exports = { secondName };
