/**
 * The client for mini-programs: `FramewireClient` over `wx.connectSocket`, with sign-in.
 *
 * If the server rejects the session as `unauthorized`, the client signs in once and tries again.
 * The state becomes `refused` only if the sign-in fails or the server rejects the new token too.
 */
'use strict';

const { FramewireClient } = require('./core/client.js');
const { connectSocket } = require('./socket.js');
const { SignIn } = require('./sign-in.js');

const CLIENT = 'framewire-miniprogram/0.2.0';

/**
 * @template {import('./index').Frame} [F=import('./index').SentFrame]
 * @extends {FramewireClient<F>}
 */
class MiniProgramClient extends FramewireClient {
  /** @param {import('./index').MiniProgramOptions<F>} options */
  constructor(options) {
    const { signInUrl } = options;
    super({
      socket: connectSocket,
      measureUplink: true,
      ...options,
      hello: { client: CLIENT, ...options.hello },
      onState: (state) => this._stateChanged(state),
    });
    this._onState = options.onState;
    this._hasSignedIn = false; // since the last session or the user's last attempt
    this._signIn = signInUrl
      ? new SignIn({ url: signInUrl, onToken: (token) => this._use(token) })
      : null;
    /** @type {string|undefined} the last one of the sign-in */
    this._token = undefined;
  }

  /** Connect. Signs in again if the server rejected the last token. */
  open() {
    this._hasSignedIn = false;
    if (this._signIn) this._use(this._signIn.stored()); // it may have been renewed meanwhile
    super.open();
  }

  close() {
    if (this._signIn) this._signIn.stopRenewal();
    super.close();
  }

  /** @param {import('./index').State} state */
  _stateChanged(state) {
    if (state.name === 'ready' || state.name === 'waiting') {
      this._hasSignedIn = false;
      if (this._signIn) this._signIn.startRenewal();
    }
    if (state.name === 'refused' && state.code === 'unauthorized' && this._signIn) {
      if (!this._hasSignedIn) return this._signInAgain(this._signIn);
    }
    return this._report(state);
  }

  /** @param {SignIn} signIn */
  _signInAgain(signIn) {
    this._hasSignedIn = true;
    this._report({ name: 'signing_in' });
    const isStillRefused = () => this.stats().state === 'refused';
    signIn.renew().then(
      (token) => {
        this._use(token);
        if (isStillRefused()) super.open();
      },
      ({ code, message }) => {
        if (isStillRefused()) this._report({ name: 'refused', code, message });
      },
    );
  }

  /** @param {string|undefined} token undefined: there is none */
  _use(token) {
    if (!token || token === this._token) return;
    this._token = token;
    this.configure({ token });
  }

  /** @param {import('./index').MiniProgramState} state */
  _report(state) {
    if (this._onState) this._onState(state);
  }
}

module.exports = { MiniProgramClient, CLIENT };
