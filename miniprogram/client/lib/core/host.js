// Generated from static/client/host.js by `make miniprogram`; do not edit.
'use strict';

/** What the client takes from its host where its caller passes nothing: clock, timers, randomness, sockets. */

const { now } = require('./clock.js');

/**
 * @param {Partial<import('./types.js').Host>} options
 * @returns {import('./types.js').Host}
 */
function hostFrom(options) {
  return {
    now: options.now || now,
    // @ts-ignore: lib.dom may be absent
    setTimeout: options.setTimeout || ((callback, ms) => setTimeout(callback, ms)),
    // @ts-ignore: lib.dom may be absent
    clearTimeout: options.clearTimeout || ((timer) => clearTimeout(timer)),
    random: options.random || (() => Math.random()),
  };
}

/**
 * @returns {import('./types.js').SocketFactory}
 * @throws {TypeError} if the host has no WebSocket, as Node before version 22
 */
function hostSocket() {
  // @ts-ignore: lib.dom may be absent, and a mini-program passes its own factory
  const Socket = typeof WebSocket === 'undefined' ? null : WebSocket;
  if (!Socket) throw new TypeError('there is no global WebSocket: pass the option `socket`, which opens one');
  return (url, protocols) => new Socket(url, protocols);
}

module.exports = { hostFrom, hostSocket };
