/**
 * Sign-in: a code of `wx.login` goes to the gateway, a token comes back and is kept until it ends.
 *
 * A token is asked for when the server first says `unauthorized`, and again before it expires, so
 * that a running session gets the new one in time and nobody sees a break.
 */
'use strict';

const STORED = 'framewire.token';
const RENEW_AT = 0.8; // of a token's life
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const TRY_AGAIN_MS = 30000;
const SHORTEST_TIMER_MS = 1000; // a token that ends at once must not turn into a storm of logins
const REQUEST_TIMEOUT_MS = 15000;

/** Why a sign-in failed: `code` for programs, `message` for people. */
class SignInError extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = 'SignInError';
    this.code = code;
  }
}

/** @returns {Promise<string>} a code that the gateway can exchange, once, within five minutes */
function loginCode() {
  return new Promise((resolve, reject) => {
    wx.login({
      timeout: REQUEST_TIMEOUT_MS,
      success: ({ code }) => {
        if (code) resolve(code);
        else reject(new SignInError('no_code', 'wx.login gave no code'));
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
        const answer = /** @type {any} */ (data || {});
        if (statusCode === 200 && answer.token && answer.expires_in > 0) return resolve(answer);
        const { code: reason, message } = answer.error || answer;
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
   * @param {string} options.url of the gateway's `/v1/login`
   * @param {(token: string) => void} options.onToken a new one, for the running session
   */
  constructor({ url, onToken }) {
    this._url = url;
    this._onToken = onToken;
    /** @type {Promise<string>|null} */
    this._running = null;
    /** @type {ReturnType<typeof setTimeout>|null} */
    this._timer = null;
  }

  /** @returns {string|undefined} the token kept from before, if it still holds */
  kept() {
    const { url, token, expiresAt } = wx.getStorageSync(STORED) || {};
    return url === this._url && expiresAt > Date.now() ? token : undefined;
  }

  /**
   * Signs in; while that is under way, a second call joins it.
   * @returns {Promise<string>} rejects with SignInError
   */
  renew() {
    if (!this._running) {
      const ended = () => {
        this._running = null;
      };
      this._running = this._renew();
      this._running.then(ended, ended);
    }
    return this._running;
  }

  /** Renews the kept token in time from now on. */
  watch() {
    this.rest();
    const { url, renewAt } = wx.getStorageSync(STORED) || {};
    if (url !== this._url) return;
    this._later(renewAt - Date.now());
  }

  /** Renews nothing any more. */
  rest() {
    if (this._timer !== null) clearTimeout(this._timer);
    this._timer = null;
  }

  async _renew() {
    const { token, expires_in: seconds } = await exchange(this._url, await loginCode());
    const now = Date.now();
    const kept = { url: this._url, token, expiresAt: now + 1000 * seconds };
    wx.setStorageSync(STORED, { ...kept, renewAt: now + 1000 * RENEW_AT * seconds });
    return token;
  }

  /** @param {number} ms */
  _later(ms) {
    const timer = setTimeout(() => {
      const stillWanted = () => this._timer === timer; // it may rest, or watch anew, meanwhile
      this.renew().then(
        (token) => {
          if (!stillWanted()) return;
          this._onToken(token);
          this.watch();
        },
        () => {
          if (stillWanted()) this._later(TRY_AGAIN_MS);
        },
      );
    }, Math.min(LONGEST_TIMER_MS, Math.max(SHORTEST_TIMER_MS, ms)));
    this._timer = timer;
  }
}

module.exports = { SignIn, SignInError };
