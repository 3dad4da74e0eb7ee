/**
 * The client for mini-programs: `FramewireClient` over `wx.connectSocket`, signed in where the
 * gateway asks for it.
 *
 * A server that refuses the session as `unauthorized` is answered by one sign-in. Only when it
 * refuses the new token too, or the sign-in fails, is the state `refused`.
 */
'use strict';

const { FramewireClient } = require('./core/client.js');
const { connectSocket } = require('./socket.js');
const { SignIn } = require('./sign-in.js');

const CLIENT = 'framewire-miniprogram/0.1.0';

class MiniProgramClient extends FramewireClient {
  /** @param {import('./index').MiniProgramOptions} options */
  constructor(options) {
    const { signInUrl } = options;
    super({
      socket: connectSocket,
      measureUplink: true,
      ...options,
      hello: { client: CLIENT, ...options.hello },
      onState: (state) => this._stateChanged(state),
    });
    this._tellState = options.onState;
    this._signedInAnew = false;
    this._signIn = signInUrl
      ? new SignIn({ url: signInUrl, onToken: (token) => this.configure({ token }) })
      : null;
    const token = this._signIn && this._signIn.kept();
    if (token) this.configure({ token });
  }

  /** Also asks for a token again, if the server refused the last one. */
  open() {
    this._signedInAnew = false;
    super.open();
  }

  close() {
    if (this._signIn) this._signIn.rest();
    super.close();
  }

  /** @param {import('./index').State} state */
  _stateChanged(state) {
    if (state.name === 'ready' || state.name === 'waiting') {
      this._signedInAnew = false;
      if (this._signIn) this._signIn.watch();
    }
    if (state.name === 'refused' && state.code === 'unauthorized' && this._signIn) {
      if (!this._signedInAnew) return this._signInAnew(this._signIn);
    }
    return this._tell_(state);
  }

  /** @param {SignIn} signIn */
  _signInAnew(signIn) {
    this._signedInAnew = true;
    this._tell_({ name: 'signing_in' });
    const stillWanted = () => this.stats().state === 'refused';
    signIn.renew().then(
      (token) => {
        this.configure({ token });
        if (stillWanted()) super.open();
      },
      ({ code, message }) => {
        if (stillWanted()) this._tell_({ name: 'refused', code, message });
      },
    );
  }

  /** @param {import('./index').MiniProgramState} state */
  _tell_(state) {
    if (this._tellState) this._tellState(state);
  }
}

module.exports = { MiniProgramClient, CLIENT };
