/** The live page's connection: a client for the server and the model that are chosen, and how it fares. */
'use strict';

const { MiniProgramClient, Liveness, now } = require('../../client/lib/index.js');
const settings = require('../../settings.js');

/** @typedef {import('../../client/lib/index').MiniProgramState} State */

/**
 * @typedef {object} Listeners
 * @property {() => void} onChange `state`, `online` or `backendGone` may be another
 * @property {(model: import('../../client/lib/index').Model|null) => void} onModel null: of the
 *   server that is left for another
 * @property {(result: import('../../client/lib/index').Result, frame: import('../../client/lib/index').SentFrame) => void} onResult
 * @property {(reason: string) => void} onDropped
 * @property {(error: import('../../client/lib/index').Failure) => void} onError
 */

class Connection {
  /** @param {Listeners} listeners */
  constructor(listeners) {
    this._listeners = listeners;
    /** @type {MiniProgramClient|null} */
    this.client = null;
    this._clientFor = '';
    this._wanted = false;
    /** @type {State} */
    this.state = { name: 'connecting' };
    this.online = true;
    this.backendGone = false; // the last frames failed because no model server answers
    this._pulse = new Liveness();
  }

  /** Connects to what is chosen, if it is a server. @param {import('../../settings').Settings} choices */
  open(choices) {
    const gateway = settings.gateway(choices);
    this._leaveUnlessFor(gateway ? [gateway.socket, choices.model, choices.label].join(' ') : '');
    if (!gateway) return;
    if (!this.client) this.client = this._newClient(gateway, choices);
    this._wanted = true;
    this.client.configure({ min_score: choices.minScore });
    this.client.open();
  }

  close() {
    this._wanted = false;
    if (this.client) this.client.close();
  }

  /** @param {number} minScore 0 to 1 */
  askFor(minScore) {
    if (this.client) this.client.configure({ min_score: minScore });
  }

  /** A frame is about to be offered to the client. */
  sending() {
    this._pulse.sent(now());
  }

  /** Why frames get no answer, if they have waited too long for one. */
  silence() {
    return this._pulse.silence(now());
  }

  /** The phone's network has gone, or is there again. @param {boolean} online */
  networkIs(online) {
    const back = online && !this.online;
    this.online = online;
    const { name, code } = /** @type {{name: string, code?: number|string}} */ (this.state);
    const lost = name === 'reconnecting' || (name === 'refused' && code === 'unreachable');
    if (back && this._wanted && this.client && lost) this.client.open();
    this._listeners.onChange();
  }

  /** @param {State} state */
  stateIs(state) {
    this.state = state;
    this.backendGone = false;
    this._pulse.restart(now());
    this._listeners.onChange();
  }

  /** @param {string} wanted server, model and label */
  _leaveUnlessFor(wanted) {
    if (this.client && this._clientFor !== wanted) {
      this.client.close();
      this.client = null;
      this._listeners.onModel(null);
    }
    this._clientFor = wanted;
  }

  /**
   * @param {import('../../client/lib/index').Addresses} gateway
   * @param {import('../../settings').Settings} choices
   */
  _newClient(gateway, choices) {
    const { onModel, onResult, onDropped, onError } = this._listeners;
    return new MiniProgramClient({
      url: gateway.socket,
      signInUrl: gateway.login,
      hello: settings.wishes(choices),
      onState: (state) => this.stateIs(state),
      onWelcome: ({ limits }) => {
        this._pulse.maxStalenessMs = limits.max_staleness_ms;
      },
      onModel,
      onResult: (result, frame) => {
        this._pulse.answered(now());
        this._backendIsGone(false);
        onResult(result, frame);
      },
      onDropped: ({ reason }) => {
        this._pulse.lost(now(), reason);
        onDropped(reason);
      },
      onError: (error, frame) => {
        if (frame) this._pulse.lost(now(), error.code, error.message);
        onError(error);
        if (error.code === 'backend_unavailable') this._backendIsGone(true);
      },
    });
  }

  /** @param {boolean} gone */
  _backendIsGone(gone) {
    if (gone === this.backendGone) return;
    this.backendGone = gone;
    this._listeners.onChange();
  }
}

module.exports = { Connection };
