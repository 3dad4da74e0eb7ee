/** What is wrong with a connection, from the words of WeChat, the socket and the server. */
'use strict';

const SERVER_FULL = 1013; // the close code of a server at its session limit
const HANDSHAKE_503 = /\b503\b/; // as WeChat words a handshake that such a server rejected
const NOT_LISTED = /domain list|合法域名|not in domain/i;
const BAD_CERTIFICATE = /ssl|tls|certificate|cert\b|err_cert|certpath|trust anchor|osstatus\D*-98\d\d\b|证书/i; // iOS has a number
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

/**
 * @param {string} reason as WeChat words it
 * @returns {'wrong_domain'|'bad_certificate'|null} null: neither
 */
function connectionFault(reason) {
  if (NOT_LISTED.test(reason)) return 'wrong_domain';
  return BAD_CERTIFICATE.test(reason) ? 'bad_certificate' : null;
}

/**
 * @param {{code: number, reason: string}} loss of a socket
 * @returns {'wrong_domain'|'bad_certificate'|'full'|null} null: it cannot be told
 */
function lossFault({ code, reason }) {
  const isFull = code === SERVER_FULL || HANDSHAKE_503.test(reason);
  return connectionFault(reason) || (isFull ? 'full' : null);
}

/**
 * @param {{code: string, message: string}} refusal by the server, or by WeChat's login
 * @returns {'wrong_domain'|'bad_certificate'|'no_model'|'unauthorized'|'refused'}
 */
function refusalFault({ code, message }) {
  if (code === 'unreachable') return connectionFault(message) || 'unauthorized';
  if (isModelError(code)) return 'no_model';
  return SIGN_IN_ERRORS.includes(code) ? 'unauthorized' : 'refused';
}

/** @param {string} [code] */
function isModelError(code) {
  return MODEL_ERRORS.includes(code || '');
}

module.exports = { connectionFault, lossFault, refusalFault, isModelError };
