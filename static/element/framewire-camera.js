/**
 * `<framewire-camera>`: this device's camera with what a Framewire gateway recognizes in it.
 *
 *     <script type="module" src="/static/element/framewire-camera.js"></script>
 *     <framewire-camera model="digits" min-score="0.5" autostart></framewire-camera>
 *
 * README.md beside this file lists attributes, properties, methods and events.
 */

import { View } from '../page/view.js';
import { CameraSession } from './camera-session.js';

const STYLE = `
  :host { display: block; position: relative; aspect-ratio: 4 / 3; overflow: hidden; background: #0a0e0d; }
  :host([hidden]) { display: none; }
  div, canvas { position: absolute; inset: 0; width: 100%; height: 100%; }
  slot { position: absolute; inset: 0; display: grid; place-items: center; color: #eef7f3; }
  .running slot { display: none; }
  video { position: absolute; width: 1px; height: 1px; opacity: 0.01; pointer-events: none; }
`;
const DEFAULT_SCORE = 0.5;
// The gateway that has served this file: its address is that of static/, perhaps with a fingerprint of it.
const HERE = new URL('../../', import.meta.url.replace(/\/[0-9a-f]{16}(?=\/element\/[^/]*$)/, ''));

export class FramewireCamera extends HTMLElement {
  static observedAttributes = ['src', 'model', 'label', 'min-score', 'boxes', 'facing', 'aria-label'];

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    const style = new CSSStyleSheet(); // a <style> would need the page's content policy to allow it
    style.replaceSync(STYLE);
    root.adoptedStyleSheets = [style];
    this._canvas = document.createElement('canvas');
    this._canvas.setAttribute('role', 'img');
    this._frame = document.createElement('div');
    this._frame.append(this._canvas, document.createElement('slot'));
    root.append(this._frame);
    this._view = new View(this._canvas);
    this._session = null;
    this._token = null;
    this._state = { name: 'closed' };
    this._model = null;
    this._result = null;
  }

  /** @returns {string} the client's state: closed, connecting, waiting, ready, ... */
  get state() {
    return this._state.name;
  }

  /** The model that answers, as the gateway's `welcome` has it; null without one. */
  get model() {
    return this._model;
  }

  /** The latest result, as the protocol has it; null without one. */
  get result() {
    return this._result;
  }

  /** The access token. It is no attribute, so that it is not in the page's markup. */
  set token(token) {
    this._token = token;
    if (this._session) this._session.configure({ token });
  }

  /** Turn the camera on and connect. */
  async start() {
    if (this._session) return;
    this._view.setMinScore(this._minScore);
    try {
      this._session = this._makeSession();
    } catch (error) {
      return this._problem('failed', error.message); // such as an address in `src` that is none
    }
    this._frame.classList.add('running');
    await this._session.start();
  }

  /** Turn the camera off and close the connection. */
  stop() {
    if (!this._session) return;
    const session = this._session;
    this._session = null;
    session.stop();
    this._frame.classList.remove('running');
  }

  /** @returns {Promise<Blob|null>} the picture on show with its results, as PNG */
  save() {
    return this._view.save();
  }

  connectedCallback() {
    this._canvas.setAttribute('aria-label', this.getAttribute('aria-label') || 'Camera');
    if (this.hasAttribute('autostart')) this.start();
  }

  disconnectedCallback() {
    this.stop();
  }

  attributeChangedCallback(name, _, value) {
    if (name === 'aria-label') this._canvas.setAttribute('aria-label', this.getAttribute(name) || 'Camera');
    if (!this._session) return;
    const isWithdrawn = name === 'model' && value === null; // a session keeps its model until another is named
    if (name === 'src' || name === 'facing' || isWithdrawn) this._restart();
    else if (name === 'boxes') this._session.setExact(this._isExact);
    else if (name === 'min-score') {
      this._view.setMinScore(this._minScore);
      this._session.setMinScore(this._minScore);
    } else this._session.configure({ model: this.getAttribute('model'), label: this.getAttribute('label') });
  }

  get _minScore() {
    const score = Number(this.getAttribute('min-score') ?? DEFAULT_SCORE);
    return score >= 0 && score <= 1 ? score : DEFAULT_SCORE;
  }

  get _isExact() {
    return this.getAttribute('boxes') === 'exact';
  }

  _restart() {
    this.stop();
    this.start();
  }

  _makeSession() {
    return new CameraSession({
      view: this._view,
      parent: this._frame,
      url: socketAddress(new URL(this.getAttribute('src') || HERE, document.baseURI)),
      hello: this._hello(),
      minScore: this._minScore,
      facing: this.getAttribute('facing') === 'user' ? 'user' : 'environment',
      isExact: this._isExact,
      onState: (state) => this._emit('statechange', { state: (this._state = state) }),
      onModel: (model) => this._emit('modelchange', { model: (this._model = model) }),
      onResult: (result) => this._emit('result', { result: (this._result = result), model: this._model }),
      onProblem: (code, message) => this._problem(code, message),
    });
  }

  _hello() {
    const hello = {};
    for (const name of ['model', 'label']) if (this.hasAttribute(name)) hello[name] = this.getAttribute(name);
    return this._token ? { ...hello, token: this._token } : hello;
  }

  _problem(code, message) {
    if (code.startsWith('camera_')) this.stop();
    this._emit('problem', { code, message });
  }

  _emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** The gateway's WebSocket, beside its page. */
function socketAddress(page) {
  const address = new URL('ws', page);
  address.protocol = /^(https|wss):$/.test(address.protocol) ? 'wss:' : 'ws:';
  return address.href;
}

customElements.define('framewire-camera', FramewireCamera);
