/** Chooses the state that the live page shows: the most specific one, with the action that helps. */
'use strict';

const { isModelError, lossFault, refusalFault } = require('./faults.js');
const { fill } = require('./language.js');

/** The action of the button per state. */
const ACTIONS = /** @type {Record<string, string>} */ ({
  no_server: 'settings',
  no_model: 'settings',
  wrong_domain: 'settings',
  privacy: 'privacy',
  camera_refused: 'authorize',
  camera_blocked: 'system',
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

/** The icon per state; of others a warning. */
const ICONS = /** @type {Record<string, string>} */ ({
  connecting: 'loading',
  signing_in: 'loading',
  waiting: 'cube',
  no_model: 'cube',
  stalled_model: 'clock',
  stalled_server: 'clock',
  stalled_full: 'people',
  full: 'people',
  draining: 'clock',
  reconnecting: 'offline',
  offline: 'offline',
  no_server: 'server',
  closed: 'server',
  wrong_domain: 'lock',
  bad_certificate: 'lock',
  unauthorized: 'lock',
  privacy: 'lock',
  camera_refused: 'camera',
  camera_blocked: 'camera',
  camera_failed: 'camera',
});

/** @typedef {import('./client/lib/index').Stall|null} Stall */

/**
 * @typedef {object} Conditions
 * @property {import('./client/lib/index').MiniProgramState} client
 * @property {{name: string, message?: string}|null} problem on this phone: no_server, privacy,
 *   camera_refused, camera_blocked, camera_failed or bad_frame
 * @property {boolean} online
 * @property {boolean} backendGone frames fail because no model server is available
 * @property {Stall} stall why frames get no results
 * @property {string} host for messages about domains
 */

/**
 * @param {Conditions} conditions
 * @param {Record<string, string>} messages
 * @returns {{name: string, icon: string, title: string, more: string, action: string, actionText: string}}
 */
function describe(conditions, messages) {
  const { name, message = '' } = stateOf(conditions);
  const action = ACTIONS[name] || '';
  const { host } = conditions;
  return {
    name,
    icon: ICONS[name] || 'warning',
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
  if (client.name === 'refused') return { name: refusalFault(client), message: client.message };
  if (client.name === 'waiting' && isModelError(client.code)) {
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
function reconnecting(loss) {
  return { name: lossFault(loss) || 'reconnecting', message: loss.reason };
}

module.exports = { describe };
