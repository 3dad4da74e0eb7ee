/**
 * Signs in: exchanges a code from `wx.login` for a token at the gateway, and stores the token.
 *
 * The token is renewed before it expires, so that a running session gets the new one in time and
 * continues without interruption.
 */
'use strict';

const storage = require('./storage.js');

const STORED = 'framewire.token';
const RENEW_AT = 0.8; // of a token's lifetime
const MAX_TIMER_MS = 2 ** 31 - 1;
const RETRY_MS = 30000;
const MIN_TIMER_MS = 1000; // a token that expires immediately must not cause a storm of logins
const REQUEST_TIMEOUT_MS = 15000;

/** Why a sign-in failed: `code` for programs, `message` for people. */
class SignInError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = 'SignInError';
    this.code = code;
  }
}

/** @returns {Promise<string>} a code that the gateway can exchange once, within five minutes */
function loginCode() {
  return new Promise((resolve, reject) => {
    wx.login({
      timeout: REQUEST_TIMEOUT_MS,
      success: ({ code }) => {
        if (code) resolve(code);
        else reject(new SignInError('no_code', 'wx.login returned no code'));
      },
      fail: ({ errMsg }) => reject(new SignInError('no_code', errMsg)),
    });
  });
}

/**
 * @param {string} url
 * @param {string} code
 * @returns {Promise<{token: string, expires_in: number}>}
 */
function exchange(url, code) {
  return new Promise((resolve, reject) => {
    wx.request({
      url,
      method: 'POST',
      data: { code },
      header: { 'content-type': 'application/json' },
      timeout: REQUEST_TIMEOUT_MS,
      success: ({ statusCode, data }) => {
        const body = /** @type {any} */ (data || {});
        if (statusCode === 200 && body.token && body.expires_in > 0) return resolve(body);
        const { code: reason, message } = body.error || body;
        const name = reason || (statusCode === 404 ? 'no_sign_in' : 'sign_in_failed');
        return reject(new SignInError(name, message || `HTTP ${statusCode}`));
      },
      fail: ({ errMsg }) => reject(new SignInError('unreachable', errMsg)),
    });
  });
}

class SignIn {
  /**
   * @param {object} options
   * @param {string} options.url the gateway's `/v1/login`
   * @param {(token: string) => void} options.onToken a renewed token, for the running session
   */
  constructor({ url, onToken }) {
    this._url = url;
    this._onToken = onToken;
    /** @type {Promise<string>|null} */
    this._running = null;
    /** @type {ReturnType<typeof setTimeout>|null} */
    this._timer = null;
  }

  /** @returns {string|undefined} the stored token, if it is still valid */
  stored() {
    const { url, token, expiresAt } = storage.load(STORED) || {};
    return url === this._url && expiresAt > Date.now() ? token : undefined;
  }

  /**
   * Sign in. A second call while one is in progress shares its result.
   * @returns {Promise<string>} rejects with SignInError
   */
  renew() {
    if (!this._running) {
      const finished = () => {
        this._running = null;
      };
      this._running = this._renew();
      this._running.then(finished, finished);
    }
    return this._running;
  }

  /** From now on, renew the stored token before it expires. */
  startRenewal() {
    this.stopRenewal();
    const { url, renewAt } = storage.load(STORED) || {};
    if (url !== this._url) return;
    this._renewIn(renewAt - Date.now());
  }

  /** Stop renewing. */
  stopRenewal() {
    if (this._timer !== null) clearTimeout(this._timer);
    this._timer = null;
  }

  async _renew() {
    const { token, expires_in: seconds } = await exchange(this._url, await loginCode());
    const now = Date.now();
    const entry = { url: this._url, token, expiresAt: now + 1000 * seconds };
    storage.save(STORED, { ...entry, renewAt: now + 1000 * RENEW_AT * seconds });
    return token;
  }

  /** @param {number} ms */
  _renewIn(ms) {
    const timer = setTimeout(() => {
      const isCurrent = () => this._timer === timer; // stopped or restarted meanwhile?
      this.renew().then(
        (token) => {
          if (!isCurrent()) return;
          this._onToken(token);
          this.startRenewal();
        },
        () => {
          if (isCurrent()) this._renewIn(RETRY_MS);
        },
      );
    }, Math.min(MAX_TIMER_MS, Math.max(MIN_TIMER_MS, ms)));
    this._timer = timer;
  }
}

module.exports = { SignIn, SignInError };
