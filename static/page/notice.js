/** Shows the state: a pill in the header, a card over the image, and an announcement. */

import { isOffline } from './offline.js';
import { describe, hasCard } from './status.js';

const ICONS = { waiting: 'cube', offline: 'offline', reconnecting: 'offline', closed: 'offline', full: 'people', refused: 'lock' };
const OTHER_ICON = 'clock';
const TOAST_MS = 2500;

/** What helps against a problem, by its name: another try with a source, or what HTTPS takes. */
const REMEDIES = {
  camera_refused: 'camera',
  camera_busy: 'camera',
  camera_lost: 'camera',
  camera_missing: 'picture',
  camera_insecure: 'phone',
  video_unplayable: 'video',
  picture_unreadable: 'picture',
  file_unknown: 'picture',
};

export class Notice {
  /**
   * @param {function(string): HTMLElement} element by id
   * @param {Language} language
   * @param {function(string)} onRemedy the user wants one of the remedies
   */
  constructor(element, language, onRemedy) {
    this._element = element;
    this._language = language;
    this._toastTimer = 0;
    this._announced = null;
    this._problem = null;
    element('problem-close').addEventListener('click', () => this.problem(null));
    element('problem-action').addEventListener('click', () => onRemedy(this._remedy()));
  }

  /**
   * Show the state. Call this whenever something changed, and repeatedly for the countdown.
   * @returns {string} the state's name
   */
  show(conditions, now) {
    const offline = isOffline(location.href, navigator.onLine);
    const state = describe({ ...conditions, offline }, now);
    const text = this._language.text(state.key, state.values);
    const more = state.more ? this._language.text(state.more, state.values) : '';
    document.documentElement.dataset.state = state.name;
    setText(this._element('pill-text'), this._short(state) || text);
    setText(this._element('card-text'), text);
    setText(this._element('card-more'), more);
    this._element('card').hidden = !hasCard(state.name);
    this._element('card-icon').setAttribute('href', `#icon-${ICONS[state.name] || OTHER_ICON}`);
    this._element('retry').hidden = !state.canRetry;
    this._element('token').hidden = !state.asksToken;
    this._announceState(state.name, text, more);
    return state.name;
  }

  /** Show a note below the image, by its message key; null removes it. */
  problem(key, values = {}) {
    this._problem = key && { key, values };
    this._element('problem').hidden = !key;
    document.documentElement.dataset.problem = key ? key.replace('problem.', '') : '';
    if (!key) return;
    const text = this._language.text(key, values);
    setText(this._element('problem-text'), text);
    const remedy = this._remedy();
    this._element('problem-action').hidden = !remedy;
    if (remedy) setText(this._element('problem-action'), this._language.text(`problem.remedy.${remedy}`));
    this.announce(text);
  }

  _remedy() {
    return REMEDIES[this._problem.key.replace('problem.', '')] || null;
  }

  /** Show a text over the image for a moment, and have it read. */
  toast(text) {
    const toast = this._element('toast');
    setText(toast, text);
    toast.hidden = false;
    clearTimeout(this._toastTimer);
    this._toastTimer = setTimeout(() => (toast.hidden = true), TOAST_MS);
    this.announce(text);
  }

  /** The language has changed. */
  translate() {
    if (this._problem) this.problem(this._problem.key, this._problem.values);
    this._announced = null;
  }

  /** A state's name for the header, if its title is too long for that. */
  _short({ key, name }) {
    const short = [`${key}.short`, `state.${name}.short`].find((candidate) => this._language.has(candidate));
    return short ? this._language.text(short) : null;
  }

  /** Have screen readers read a text. */
  announce(text) {
    setText(this._element('spoken'), text);
  }

  /** Once per state: a countdown read aloud would drown out everything else. */
  _announceState(name, text, more) {
    if (this._announced === name) return;
    this._announced = name;
    const key = `state.${name}.spoken`;
    this.announce(this._language.has(key) ? this._language.text(key) : `${text} ${more}`.trim());
  }
}

/** Set a text only if it differs: screen readers and layout treat every write as a change. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
