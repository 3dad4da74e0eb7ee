/** The live page's connection: a client for the chosen server and model, and its condition. */
'use strict';

const { MiniProgramClient, Liveness, now } = require('../../client/lib/index.js');
const config = require('../../config.js');
const { vibrateFor } = require('../../haptics.js');
const settings = require('../../settings.js');
const { resultOptions } = require('../../tasks/predictions.js');

/** @typedef {import('../../client/lib/index').MiniProgramState} State */

/**
 * @typedef {object} Listeners
 * @property {() => void} onChange `state`, `online` or `backendGone` may have changed
 * @property {(model: import('../../client/lib/index').Model|null) => void} onModel null also when
 *   the user has chosen another server
 * @property {(result: import('../../client/lib/index').Result, frame: import('../../client/lib/index').SentFrame) => void} onResult
 * @property {(reason: string) => void} onDropped a frame was dropped
 * @property {(error: import('../../client/lib/index').Failure) => void} onError a frame failed
 */

class Connection {
  /** @param {Listeners} listeners */
  constructor(listeners) {
    this._listeners = listeners;
    /** @type {MiniProgramClient|null} */
    this.client = null;
    this._target = '';
    this._isOpen = false;
    this._isRenewing = false; // closed, and about to be opened again
    /** @type {State} */
    this.state = { name: 'connecting' };
    this.online = true;
    /** @type {string|null} the network that the socket is on, if it is known: wifi, 4g, ... */
    this._network = null;
    this.backendGone = false; // frames fail because no model server is available
    this._isTracked = false; // whether boxes shall keep up
    this._liveness = new Liveness();
  }

  /**
   * Connect to the chosen server, if its address is valid.
   * @param {import('../../settings').Settings} chosen
   */
  open(chosen) {
    const gateway = settings.gateway(chosen);
    this._retarget(gateway ? targetOf(gateway, chosen) : '');
    if (!gateway) return;
    this._isTracked = chosen.boxes === 'live';
    if (!this.client) this.client = this._newClient(gateway, chosen);
    this._isOpen = true;
    this.client.configure({ min_score: chosen.minScore });
    this.client.open();
  }

  /**
   * Go on with another model, in the same session.
   * @param {import('../../settings').Settings} chosen
   */
  switchModel(chosen) {
    const gateway = settings.gateway(chosen);
    if (!gateway || !this.client) return;
    this._target = targetOf(gateway, chosen);
    this.client.configure({ model: chosen.model, label: chosen.label || null, version: null });
  }

  close() {
    this._isOpen = false;
    this._network = null;
    if (this.client) this.client.close();
  }

  /**
   * @param {number} minScore 0 to 1
   * @param {import('../../client/lib/index').Model|null} model what it is for
   */
  setMinScore(minScore, model) {
    if (this.client) this.client.configure(resultOptions(model, minScore));
  }

  /** A frame is about to be offered to the client. */
  frameSent() {
    this._liveness.sent(now());
  }

  /** What `describe` in status.js has to know. `stall`: why frames get no results; null while they do. */
  conditions() {
    const { state: client, online, backendGone } = this;
    return { client, online, backendGone, stall: this._liveness.stall(now()) };
  }

  /**
   * The phone's network, now or after a change.
   * @param {string} network wifi, 4g, ...; none
   */
  setNetwork(network) {
    const isOther = this._network !== null && network !== this._network;
    this.online = network !== 'none';
    if (this._isOpen) this._network = network;
    if (isOther && this.online && this.client) this._renew(this.client);
    this._listeners.onChange();
  }

  /** @param {State} state */
  setState(state) {
    this.state = state;
    this.backendGone = false;
    this._liveness.restart(now());
    this._listeners.onChange();
  }

  /** @param {string} target server, model and label */
  _retarget(target) {
    if (this.client && this._target !== target) {
      this.client.close();
      this.client = null;
      this._listeners.onModel(null);
    }
    this._target = target;
  }

  /**
   * @param {import('../../client/lib/index').Addresses} gateway
   * @param {import('../../settings').Settings} chosen
   */
  _newClient(gateway, chosen) {
    const { onModel, onResult, onDropped, onError } = this._listeners;
    return new MiniProgramClient({
      url: gateway.socket,
      signInUrl: gateway.login,
      hello: settings.sessionOptions(chosen),
      onState: (state) => this._isRenewing || this.setState(state),
      onWelcome: ({ limits, features = [] }) => {
        this._liveness.maxStalenessMs = limits.max_staleness_ms;
        if (this.client && features.includes('track')) this.client.configure(this._tracking());
      },
      onModel,
      onResult: (result, frame) => {
        this._liveness.answered(now());
        this._setBackendGone(false);
        vibrateFor(result.events);
        onResult(result, frame);
      },
      onDropped: ({ reason }) => {
        this._liveness.lost(now(), reason);
        onDropped(reason);
      },
      onError: (error, frame) => {
        if (frame) this._liveness.lost(now(), error.code, error.message);
        if (frame) onError(error); // other errors concern the session, and no frame is lost
        if (error.code === 'backend_unavailable') this._setBackendGone(true);
      },
    });
  }

  /** The session options for tracking: without it there are no zones and lines either. */
  _tracking() {
    const { zones, lines } = config;
    return this._isTracked ? { track: true, zones, lines } : { track: false };
  }

  /**
   * On another network the old socket is dead, but the client would notice only after three heartbeats.
   * @param {MiniProgramClient} client
   */
  _renew(client) {
    const { name, code } = /** @type {{name: string, code?: number|string}} */ (this.state);
    if (name === 'signing_in' || (name === 'refused' && code !== 'unreachable')) return;
    this._isRenewing = true;
    client.close();
    this._isRenewing = false;
    client.open();
  }

  /** @param {boolean} gone */
  _setBackendGone(gone) {
    if (gone === this.backendGone) return;
    this.backendGone = gone;
    this._listeners.onChange();
  }
}

/**
 * What a client is for: after another choice, there is another client.
 * @param {import('../../client/lib/index').Addresses} gateway
 * @param {import('../../settings').Settings} chosen
 */
function targetOf(gateway, { model, label }) {
  return [gateway.socket, model, label].join(' ');
}

module.exports = { Connection };
