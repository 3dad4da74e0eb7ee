/** What to try next, while the demo scene plays: the camera, and what to hold up to it. */

import { isolate } from '../tasks/names.js';
import { shorten } from '../tasks/shorten.js';
import { setText } from './notice.js';

const MOST_NAMES = 3;
const MOST_LETTERS = 24; // of a name; an ontology's would fill the panel

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
    const { key, names } = hintFor(this._labels);
    this._element('hint').hidden = !this._source || this._source.name !== 'scene';
    this._element('hint-sheet').hidden = !readsDigits(this._labels);
    this._element('hint-sheet').search = `?lang=${this._language.name}`;
    setText(this._element('hint-text'), this._language.text(key, { names }));
  }
}

/** What to say about a model with these labels. @returns {{key: string, names?: string}} */
export function hintFor(labels) {
  if (readsDigits(labels)) return { key: 'hint.digits' };
  const named = labels.filter((label) => label.trim());
  if (named.length === 0) return { key: 'hint.any' };
  const names = named.slice(0, MOST_NAMES).map(short).join(', ');
  return { key: named.length > MOST_NAMES ? 'hint.names.more' : 'hint.names', names };
}

/** Whether a model is one of digits, like the demo's, for which there is a sheet to print. */
export function readsDigits(labels) {
  return labels.length > 0 && labels.every((label) => /^\d$/.test(label));
}

function short(label) {
  return isolate(shorten(label, (text) => [...text].length <= MOST_LETTERS));
}
