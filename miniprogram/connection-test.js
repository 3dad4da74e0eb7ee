/**
 * Tries a connection to the chosen gateway once, as the live page would make it, sign-in included.
 *
 * A phone reports little about a socket that fails. If the reason does not tell, an ordinary
 * request to the gateway's `/healthz` shows whether the server can be reached at all.
 */
'use strict';

const { MiniProgramClient, now } = require('./client/lib/index.js');
const { ofLoss, ofProbe, ofRefusal, ofWelcome } = require('./diagnosis.js');
const { isModelError } = require('./faults.js');
const settings = require('./settings.js');

const TEST_TIMEOUT_MS = 20000; // a sign-in takes several round trips
const PROBE_TIMEOUT_MS = 5000;
const REASON_WAIT_MS = 1000; // after a welcome without a model, the reason follows

/** @typedef {import('./diagnosis').Outcome} Outcome */

class ConnectionTest {
  /**
   * @param {import('./settings').Settings} chosen
   * @param {(outcome: Outcome) => void} report called once, unless the test is cancelled
   */
  constructor(chosen, report) {
    this._chosen = chosen;
    this._report = report;
    this._isDone = false;
    this._gateway = settings.gateway(chosen);
    /** @type {MiniProgramClient|null} */
    this._client = null;
    /** @type {ReturnType<typeof setTimeout>[]} */
    this._timers = [];
    this._startedAt = 0;
  }

  start() {
    if (!this._gateway) {
      const isEmpty = this._chosen.server.trim() === '';
      return this._finish({ name: isEmpty ? 'no_server' : 'address' });
    }
    this._after(TEST_TIMEOUT_MS, () => this._finish(this._unreachable()));
    return wx.getNetworkType({
      success: ({ networkType }) => {
        if (networkType === 'none') this._finish({ name: 'offline' });
        else this._connect(/** @type {import('./client/lib/index').Addresses} */ (this._gateway));
      },
      fail: () => this._connect(/** @type {import('./client/lib/index').Addresses} */ (this._gateway)),
    });
  }

  cancel() {
    this._isDone = true;
    this._timers.forEach(clearTimeout);
    if (this._client) this._client.close();
  }

  /** @param {import('./client/lib/index').Addresses} gateway */
  _connect(gateway) {
    if (this._isDone) return;
    this._client = new MiniProgramClient({
      url: gateway.socket,
      signInUrl: gateway.login,
      hello: settings.sessionOptions(this._chosen),
      onState: (state) => this._stateChanged(state),
      onWelcome: (welcome) => this._welcomed(welcome),
    });
    this._client.open();
  }

  /** @param {import('./client/lib/index').MiniProgramState} state */
  _stateChanged(state) {
    if (state.name === 'connecting') this._startedAt = now();
    else if (state.name === 'draining') this._finish({ name: 'draining' });
    else if (state.name === 'refused') this._finish(ofRefusal(state, this._target()));
    else if (state.name === 'reconnecting') this._lost(state);
    else if (state.name === 'waiting' && isModelError(state.code)) {
      this._finish({ name: 'no_model', values: { message: state.message || '' } });
    }
  }

  /** @param {import('./client/lib/index').Welcome} welcome */
  _welcomed(welcome) {
    const outcome = ofWelcome(welcome, now() - this._startedAt);
    if (outcome.name !== 'waiting') this._finish(outcome);
    else this._after(REASON_WAIT_MS, () => this._finish(outcome));
  }

  /** @param {{code: number, reason: string}} loss */
  _lost(loss) {
    const outcome = ofLoss(loss, this._target());
    if (this._client) this._client.close(); // it would try again
    if (outcome) this._finish(outcome);
    else this._probe();
  }

  _probe() {
    if (this._isDone || !this._gateway) return;
    wx.request({
      url: this._gateway.infer.replace(/\/v1\/infer$/, '/healthz'),
      timeout: PROBE_TIMEOUT_MS,
      success: ({ statusCode: status, data }) => {
        const { status: health } = /** @type {any} */ (data || {});
        this._finish(ofProbe({ status, isGateway: health === 'alive' }, this._target()));
      },
      fail: ({ errMsg }) => this._finish(ofProbe({ error: errMsg }, this._target())),
    });
  }

  /** @returns {import('./diagnosis').Target} */
  _target() {
    const { socket } = /** @type {import('./client/lib/index').Addresses} */ (this._gateway);
    const [scheme, , host] = socket.split('/');
    return { isPlain: scheme === 'ws:', host };
  }

  _unreachable() {
    return ofProbe({}, this._target());
  }

  /** @param {Outcome} outcome */
  _finish(outcome) {
    if (this._isDone) return;
    this.cancel();
    this._report(outcome);
  }

  /**
   * @param {number} ms
   * @param {() => void} act
   */
  _after(ms, act) {
    this._timers.push(setTimeout(act, ms));
  }
}

module.exports = { ConnectionTest };
