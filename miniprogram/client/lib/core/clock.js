// Generated from static/client/clock.js by `make miniprogram`; do not edit.
'use strict';

/**
 * Milliseconds since 1970 that never go back: a phone's clock may be set while frames travel, and a
 * pause that should end at ten past must not last until it is ten past again.
 */

const given = { last: 0, ahead: 0 }; // ahead of the host's clock, where that was put back

/** @returns {number} ms, at least what the call before has given */
function now() {
  const host = Date.now();
  given.ahead = Math.max(given.ahead, given.last - host);
  given.last = host + given.ahead;
  return given.last;
}

module.exports = { now };
