/**
 * The option how boxes are shown: `exact`, each result on the frame that it belongs to, or `live`,
 * on a running preview, where boxes keep up with their objects.
 */

const STORAGE_KEY = 'framewire.boxes';
const MODES = ['exact', 'live'];

/**
 * @param {object} given
 * @param {object|null} given.source on show
 * @param {object|null} given.model as the welcome has it
 * @param {string[]} given.features the gateway's
 * @param {boolean} given.isCalm whether the user prefers reduced motion
 * @param {string|null} given.choice the user's
 * @returns {'exact'|'live'|null} null if there is nothing to choose: boxes keep up only with a source
 *   that moves, and only if the gateway tracks them
 */
export function modeOf({ source, model, features, isCalm, choice }) {
  const isTracked = features.includes('track') && model && model.task === 'detection';
  if (!isTracked || !source || source.isStill) return null;
  if (MODES.includes(choice)) return choice;
  return source.name === 'camera' && !isCalm ? 'live' : 'exact';
}

export class BoxesOption {
  /**
   * @param {object} parts
   * @param {function(string): HTMLElement} parts.element by id
   * @param {Storage|null} parts.storage for the choice; null if the browser forbids it
   * @param {string|null} parts.shared the mode in the page's address
   * @param {boolean} parts.isCalm whether the user prefers reduced motion
   * @param {function('exact'|'live'|null)} parts.onMode the mode has changed; at first there is none
   */
  constructor({ element, storage, shared, isCalm, onMode }) {
    this._element = element;
    this._storage = storage;
    this._onMode = onMode;
    const choice = shared || (storage && storage.getItem(STORAGE_KEY));
    this._given = { source: null, model: null, features: [], isCalm, choice };
    this._mode = null;
    element('boxes').addEventListener('click', ({ target }) => {
      const button = target.closest('button');
      if (button) this.choose(button.dataset.boxes);
    });
  }

  /** @returns {'exact'|'live'|null} what the user has chosen, or sees without a choice */
  get choice() {
    return MODES.includes(this._given.choice) ? this._given.choice : this._mode;
  }

  /** Take in what has changed: the source, the model or the gateway's features. */
  update(changed) {
    Object.assign(this._given, changed);
    this._show();
  }

  /** Switch, and remember it for the next visit. */
  choose(choice) {
    if (this._storage) this._storage.setItem(STORAGE_KEY, choice);
    this.update({ choice });
  }

  /** Switch to the other mode and return it; null if there is no choice. */
  toggle() {
    if (this._mode === null) return null;
    this.choose(this._mode === 'live' ? 'exact' : 'live');
    return this._mode;
  }

  _show() {
    const mode = modeOf(this._given);
    this._element('boxes-option').hidden = mode === null;
    for (const button of this._element('boxes').querySelectorAll('button')) {
      button.setAttribute('aria-pressed', String(button.dataset.boxes === mode));
    }
    if (mode === this._mode) return;
    this._mode = mode;
    this._onMode(mode);
  }
}
