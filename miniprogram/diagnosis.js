/** Puts the outcome of a connection test into words: what failed, and the next step. */
'use strict';

const { connectionFault, lossFault, refusalFault } = require('./faults.js');
const { fill } = require('./language.js');

const PROTOCOL = 'framewire.v1'; // what this client speaks
const IP_ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[.*\]|localhost)(:\d+)?$/i;
const NO_SUCH_HOST = /name.not.resolved|notfound|eai_again|hostname could not be found|unknown ?host|unable to resolve/i;
const NO_LOGIN = ['no_sign_in', 'no_login'];
const WRONG_SECRET = ['login_refused', 'login_failed'];
const FORBIDDEN = /\b403\b/; // as WeChat words a handshake that a gateway rejected by its origin

/** Outcomes that pass by themselves, or need no change on the phone or in its settings. */
const PASSING = ['waiting', 'full', 'draining', 'offline'];

/**
 * @typedef {object} Outcome
 * @property {string} name `ok`, or what failed; messages.js explains each
 * @property {Record<string, string>} [values] for the messages
 */

/** @typedef {{isPlain: boolean, host: string}} Target */

/**
 * @param {Outcome} outcome
 * @param {Record<string, string>} messages
 * @returns {{kind: 'good'|'wait'|'bad', icon: string, title: string, more: string}}
 */
function explain({ name, values = {} }, messages) {
  const more = fill(messages[`test_${name}_more`], values);
  const title = messages[`test_${name}`];
  if (name === 'ok') return { kind: 'good', icon: 'check', title, more };
  const isPassing = PASSING.includes(name);
  return { kind: isPassing ? 'wait' : 'bad', icon: isPassing ? 'clock' : 'warning', title, more };
}

/**
 * The server answered the hello.
 * @param {import('./client/lib/index').Welcome} welcome
 * @param {number} ms from the start of the connection
 * @returns {Outcome}
 */
function ofWelcome({ protocol, model }, ms) {
  if (protocol !== PROTOCOL) return { name: 'version', values: { protocol } };
  if (!model) return { name: 'waiting' };
  return { name: 'ok', values: { model: `${model.name} ${model.version}`, ms: String(Math.round(ms)) } };
}

/**
 * The server, or WeChat's login, refused the session.
 * @param {{code: string, message: string}} refusal
 * @param {Target} target
 * @returns {Outcome}
 */
function ofRefusal({ code, message }, target) {
  const name = refusalFault({ code, message });
  if (name === 'wrong_domain') return ofDomain('request', target);
  if (NO_LOGIN.includes(code)) return { name: 'no_login' };
  return { name: WRONG_SECRET.includes(code) ? 'login' : name, values: { message } };
}

/**
 * The socket was lost before a welcome.
 * @param {{code: number, reason: string}} loss
 * @param {Target} target
 * @returns {Outcome|null} null if its reason does not tell: see `ofProbe`
 */
function ofLoss(loss, target) {
  const fault = lossFault(loss);
  const { host } = target;
  if (fault === 'wrong_domain') return ofDomain('socket', target);
  if (fault) return { name: fault, values: { message: loss.reason } };
  if (NO_SUCH_HOST.test(loss.reason)) return { name: 'no_such_host', values: { host } };
  return FORBIDDEN.test(loss.reason) ? { name: 'forbidden', values: { host } } : null;
}

/**
 * What an ordinary request to the same server says about a lost socket.
 * @param {{status?: number, isGateway?: boolean, error?: string}} probe
 * @param {Target} target
 * @returns {Outcome}
 */
function ofProbe({ status, isGateway, error = '' }, { host }) {
  if (isGateway) return { name: 'no_websocket', values: { host } };
  if (status) return { name: 'not_gateway', values: { host, status: String(status) } };
  if (connectionFault(error) === 'bad_certificate') {
    return { name: 'bad_certificate', values: { message: error } };
  }
  return { name: NO_SUCH_HOST.test(error) ? 'no_such_host' : 'unreachable', values: { host } };
}

/**
 * WeChat blocks a domain that is not on its list, any IP address, and connections without TLS.
 * @param {'socket'|'request'} list
 * @param {Target} target
 * @returns {Outcome}
 */
function ofDomain(list, { isPlain, host }) {
  if (IP_ADDRESS.test(host)) return { name: 'ip_address', values: { host } };
  if (isPlain) return { name: 'no_tls', values: { host } };
  const scheme = list === 'socket' ? 'wss' : 'https';
  return { name: 'wrong_domain', values: { list, entry: `${scheme}://${host}` } };
}

module.exports = { explain, ofWelcome, ofRefusal, ofLoss, ofProbe };
