/** What the live page says about itself: one state at a time, the most telling one, and what helps. */
'use strict';

const { fill } = require('./language.js');

const TRY_LATER = 1013; // the close code of a server without room
const NOT_LISTED = /domain list|合法域名|not in domain/i;
const BAD_CERTIFICATE = /ssl|tls|certificate|cert\b|证书/i;
const MODEL_AT_FAULT = ['unknown_model', 'unusable_model'];
const SIGN_IN_AT_FAULT = [
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

/** What a button below each state does. */
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

/**
 * @typedef {object} About
 * @property {import('./client/lib/index').MiniProgramState} client
 * @property {{name: string, message?: string}|null} problem of this phone: no_server, privacy,
 *   camera_refused, camera_failed, bad_frame
 * @property {boolean} online
 * @property {boolean} backendGone the last frames failed because no model server answers
 * @property {import('./client/lib/index').Stall|null} silence why frames get no answer
 * @property {string} host for the words about domains
 */

/**
 * @param {About} about
 * @param {Record<string, string>} words
 * @returns {{name: string, title: string, more: string, action: string, actionText: string}}
 */
function describe(about, words) {
  const { name, message = '' } = telling(about);
  const action = ACTIONS[name] || '';
  return {
    name,
    title: words[`state_${name}`],
    more: name === 'ready' ? '' : fill(words[`state_${name}_more`], { message, host: about.host }),
    action,
    actionText: action ? words[`action_${action}`] : '',
  };
}

/**
 * @param {About} about
 * @returns {{name: string, message?: string}}
 */
function telling({ client, problem, online, backendGone, silence }) {
  if (problem && problem.name !== 'bad_frame') return problem;
  if (client.name === 'ready') return problem || answering(backendGone, silence);
  if (!online) return { name: 'offline' };
  if (client.name === 'reconnecting') return reconnecting(client);
  if (client.name === 'refused') return refused(client);
  if (client.name === 'waiting' && MODEL_AT_FAULT.includes(client.code || '')) {
    return { name: 'no_model', message: client.message };
  }
  return { name: client.name };
}

/**
 * @param {boolean} backendGone
 * @param {import('./client/lib/index').Stall|null} silence
 * @returns {{name: string, message?: string}}
 */
function answering(backendGone, silence) {
  if (backendGone) return { name: 'waiting' };
  return silence ? { ...silence, name: `silent_${silence.name}` } : { name: 'ready' };
}

/** @param {{code: number, reason: string}} lost */
function reconnecting({ code, reason }) {
  const named = connectionFault(reason);
  if (named) return { name: named, message: reason };
  return { name: code === TRY_LATER ? 'full' : 'reconnecting' };
}

/** @param {{code: string, message: string}} refusal */
function refused({ code, message }) {
  const named = connectionFault(message);
  if (code === 'unreachable') return { name: named || 'unauthorized', message };
  if (MODEL_AT_FAULT.includes(code)) return { name: 'no_model', message };
  return { name: SIGN_IN_AT_FAULT.includes(code) ? 'unauthorized' : 'refused', message };
}

/** @param {string} reason in WeChat's words @returns {string|null} */
function connectionFault(reason) {
  if (NOT_LISTED.test(reason)) return 'wrong_domain';
  return BAD_CERTIFICATE.test(reason) ? 'bad_certificate' : null;
}

module.exports = { describe, connectionFault };
