/** Chooses the state that the live page shows: the most specific one, with the action that helps. */
'use strict';

const { fill } = require('./language.js');

const SERVER_FULL = 1013; // the close code of a server at its session limit
const HANDSHAKE_503 = /\b503\b/; // as WeChat words a handshake that such a server rejected
const NOT_LISTED = /domain list|合法域名|not in domain/i;
const BAD_CERTIFICATE = /ssl|tls|certificate|cert\b|证书/i;
const MODEL_ERRORS = ['unknown_model', 'unusable_model'];
const SIGN_IN_ERRORS = [
  'unauthorized',
  'no_code',
  'no_login',
  'no_sign_in',
  'bad_code',
  'login_refused',
  'login_failed',
  'login_unavailable',
  'rate_limited',
  'sign_in_failed',
];

/** The action of the button per state. */
const ACTIONS = /** @type {Record<string, string>} */ ({
  no_server: 'settings',
  no_model: 'settings',
  wrong_domain: 'settings',
  privacy: 'privacy',
  camera_refused: 'authorize',
  camera_failed: 'retry',
  bad_frame: 'retry',
  reconnecting: 'retry',
  full: 'retry',
  offline: 'retry',
  bad_certificate: 'retry',
  refused: 'retry',
  unauthorized: 'retry',
  closed: 'retry',
});

/** @typedef {import('./client/lib/index').Stall|null} Stall */

/**
 * @typedef {object} Conditions
 * @property {import('./client/lib/index').MiniProgramState} client
 * @property {{name: string, message?: string}|null} problem on this phone: no_server, privacy,
 *   camera_refused, camera_failed or bad_frame
 * @property {boolean} online
 * @property {boolean} backendGone frames fail because no model server is available
 * @property {Stall} stall why frames get no results
 * @property {string} host for messages about domains
 */

/**
 * @param {Conditions} conditions
 * @param {Record<string, string>} messages
 * @returns {{name: string, title: string, more: string, action: string, actionText: string}}
 */
function describe(conditions, messages) {
  const { name, message = '' } = stateOf(conditions);
  const action = ACTIONS[name] || '';
  const { host } = conditions;
  return {
    name,
    title: messages[`state_${name}`],
    more: name === 'ready' ? '' : fill(messages[`state_${name}_more`], { message, host }),
    action,
    actionText: action ? messages[`action_${action}`] : '',
  };
}

/**
 * @param {Conditions} conditions
 * @returns {{name: string, message?: string}}
 */
function stateOf({ client, problem, online, backendGone, stall }) {
  if (problem && problem.name !== 'bad_frame') return problem;
  if (client.name === 'ready') return problem || connected(backendGone, stall);
  if (!online) return { name: 'offline' };
  if (client.name === 'reconnecting') return reconnecting(client);
  if (client.name === 'refused') return refused(client);
  if (client.name === 'waiting' && MODEL_ERRORS.includes(client.code || '')) {
    return { name: 'no_model', message: client.message };
  }
  return { name: client.name };
}

/**
 * @param {boolean} backendGone
 * @param {Stall} stall
 * @returns {{name: string, message?: string}}
 */
function connected(backendGone, stall) {
  if (backendGone) return { name: 'waiting' };
  return stall ? { ...stall, name: `stalled_${stall.name}` } : { name: 'ready' };
}

/** @param {{code: number, reason: string}} loss */
function reconnecting({ code, reason }) {
  const fault = connectionFault(reason);
  if (fault) return { name: fault, message: reason };
  const full = code === SERVER_FULL || HANDSHAKE_503.test(reason);
  return { name: full ? 'full' : 'reconnecting' };
}

/** @param {{code: string, message: string}} refusal */
function refused({ code, message }) {
  if (code === 'unreachable') return { name: connectionFault(message) || 'unauthorized', message };
  if (MODEL_ERRORS.includes(code)) return { name: 'no_model', message };
  return { name: SIGN_IN_ERRORS.includes(code) ? 'unauthorized' : 'refused', message };
}

/**
 * @param {string} reason as WeChat words it
 * @returns {string|null}
 */
function connectionFault(reason) {
  if (NOT_LISTED.test(reason)) return 'wrong_domain';
  return BAD_CERTIFICATE.test(reason) ? 'bad_certificate' : null;
}

module.exports = { describe, connectionFault };
