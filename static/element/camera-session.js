/** A camera whose frames get results, from `start` to `stop`. */

import { FramewireClient } from '../client/index.js';
import { Liveness } from '../client/liveness.js';
import { Statistics } from '../client/statistics.js';
import { makeEncoder } from '../page/jpeg.js';
import { LivePreview } from '../page/live-preview.js';
import { Pipeline } from '../page/pipeline.js';
import { resultOptions } from '../tasks/predictions.js';
import { Camera } from '../page/sources/camera.js';

const now = () => performance.now();

export class CameraSession {
  /**
   * @param {object} parts
   * @param {View} parts.view shows the pictures
   * @param {Node} parts.parent of the invisible video element
   * @param {string} parts.url the gateway's WebSocket
   * @param {object} parts.hello the session's options
   * @param {number} parts.minScore 0 to 1
   * @param {'environment'|'user'} parts.facing which camera
   * @param {boolean} parts.isExact whether each result is shown on its own frame, always
   * @param {function(object)} parts.onState the client's state
   * @param {function(object|null)} parts.onModel
   * @param {function(object)} parts.onResult
   * @param {function(string, string)} parts.onProblem (code, message) what keeps the camera from running
   */
  constructor(parts) {
    Object.assign(this, parts);
    this._features = [];
    this._state = { name: 'closed' };
    this._liveness = new Liveness();
    this._live = new LivePreview(this.view, matchMedia('(prefers-reduced-motion: reduce)').matches);
    this._client = this._makeClient();
    this._pipeline = new Pipeline({
      client: this._client,
      encoder: makeEncoder(),
      view: this.view,
      live: this._live,
      statistics: new Statistics(),
      liveness: this._liveness,
      onError: ({ message }) => this.onProblem('failed', message),
    });
    this._camera = new Camera({
      deviceId: null,
      facing: this.facing,
      parent: this.parent,
      onPicture: (capturedAt) => this._picture(capturedAt),
      onProblem: (error) => this._failed(error),
    });
  }

  /** Ask for the camera, and connect once it runs. */
  async start() {
    try {
      await this._camera.start();
    } catch (error) {
      return this._failed(error);
    }
    if (this._isStopped) return this._camera.stop();
    this._pipeline.use(this._camera);
    return this._client.open();
  }

  stop() {
    this._isStopped = true;
    this._camera.stop();
    this._client.close();
  }

  /** Change the session's options, such as the model. */
  configure(options) {
    this._client.configure(options);
  }

  setMinScore(minScore) {
    this.minScore = minScore;
    this._client.configure(resultOptions(this._pipeline.model, minScore));
  }

  setExact(isExact) {
    this.isExact = isExact;
    this._chooseMode();
  }

  _makeClient() {
    return new FramewireClient({
      url: this.url,
      hello: { ...this.hello, min_score: this.minScore },
      now,
      onState: (state) => this._stateChanged(state),
      onWelcome: (welcome) => this._welcomed(welcome),
      onModel: (model) => this._modelChanged(model),
      onResult: (result, frame) => {
        this._pipeline.result(result, frame);
        this.onResult(result);
      },
      onDropped: (message, frame) => this._pipeline.dropped(message, frame),
      onError: (error, frame) => frame && this._pipeline.failed(error, frame),
    });
  }

  _stateChanged(state) {
    this._state = state;
    this._live.clear(); // a new session counts its ids from the start
    this._liveness.restart(now());
    this.onState(state);
  }

  _welcomed({ limits, features = [] }) {
    this._features = features;
    this._pipeline.maxPixels = limits.max_pixels;
    this._liveness.maxStalenessMs = limits.max_staleness_ms;
  }

  _modelChanged(model) {
    this._pipeline.model = model;
    this._client.configure(resultOptions(model, this.minScore));
    this._chooseMode();
    this.onModel(model);
  }

  /** Boxes keep up with the camera if the gateway tracks them. */
  _chooseMode() {
    const { model } = this._pipeline;
    const isTracked = this._features.includes('track') && Boolean(model) && model.task === 'detection';
    this._pipeline.isLive = isTracked && !this.isExact;
    this._client.configure({ track: this._pipeline.isLive });
  }

  /** Without results, the plain picture is shown. */
  _picture(capturedAt) {
    this._pipeline.isAnswering = this._state.name === 'ready' && !this._liveness.stall(now());
    return this._pipeline.picture(this._camera, capturedAt);
  }

  /** A camera that was stopped while it started fails as well, which is nobody's problem. */
  _failed(error) {
    const isWanted = !this._isStopped;
    this.stop();
    if (!isWanted) return;
    const key = error.key || 'problem.failed';
    this.onProblem(key.replace('problem.', ''), error.message);
  }
}
