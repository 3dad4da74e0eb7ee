/** What to try next, while the demo scene plays: the camera, and what to hold up to it. */

import { setText } from './notice.js';

const MOST_NAMES = 3;

export class Hint {
  /**
   * @param {object} parts
   * @param {function(string): HTMLElement} parts.element by id
   * @param {Language} parts.language
   * @param {function()} parts.onCamera the user wants the camera
   */
  constructor({ element, language, onCamera }) {
    this._element = element;
    this._language = language;
    this._source = null;
    this._labels = [];
    element('hint-camera').addEventListener('click', onCamera);
  }

  /** @param {{source?: object, model?: object|null}} changed */
  update({ source = this._source, model }) {
    this._source = source;
    if (model !== undefined) this._labels = (model && model.labels) || [];
    this.translate();
  }

  translate() {
    const isSheet = readsDigits(this._labels);
    this._element('hint').hidden = !this._source || this._source.name !== 'scene';
    this._element('hint-sheet').hidden = !isSheet;
    this._element('hint-sheet').search = `?lang=${this._language.name}`;
    setText(this._element('hint-text'), this._text(isSheet));
  }

  _text(isSheet) {
    if (isSheet) return this._language.text('hint.digits');
    const names = this._labels.slice(0, MOST_NAMES).join(', ');
    return this._language.text(names ? 'hint.names' : 'hint.any', { names });
  }
}

/** Whether a model is one of digits, like the demo's, for which there is a sheet to print. */
export function readsDigits(labels) {
  return labels.length > 0 && labels.every((label) => /^\d$/.test(label));
}
