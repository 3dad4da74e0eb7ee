/** The texts and numbers of the page, in the user's language or the browser's. */

import { en } from './messages-en.js';
import { zh } from './messages-zh.js';

export const MESSAGES = { en, zh };
const LOCALES = { en: 'en', zh: 'zh-CN' };
const STORAGE_KEY = 'framewire.language'; // the demo page's as well

export class Texts {
  /**
   * @param {Storage|null} storage for the choice; null if the browser forbids it
   * @param {string[]} preferred the browser's languages, best first
   */
  constructor(storage, preferred) {
    this._storage = storage;
    const stored = storage && storage.getItem(STORAGE_KEY);
    const candidates = [stored, ...preferred.map((tag) => tag.slice(0, 2)), 'en'];
    this.name = candidates.find((name) => name in MESSAGES);
  }

  /** The language's tag for the document. */
  get locale() {
    return LOCALES[this.name];
  }

  /** The message for a key, with `{name}` replaced by `values.name`. */
  text(key, values = {}) {
    const text = MESSAGES[this.name][key];
    if (text === undefined) throw new Error(`no message for ${key}`);
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  /** Whether there is a message for a key. */
  has(key) {
    return key in MESSAGES[this.name];
  }

  /** A number with `digits` decimals; a dash for null. */
  number(value, digits = 0) {
    if (value === null || value === undefined) return '–';
    const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return new Intl.NumberFormat(this.locale, options).format(value);
  }

  /** A rate or a small count: with a digit after the point below 100. */
  rate(value) {
    return this.number(value, value !== null && value < 99.95 && value > 0 ? 1 : 0);
  }

  /** A round number on an axis, with its unit if it has one. */
  tick(value, unit = '') {
    if (unit === 'ms' && value >= 1000) return this.tick(value / 1000, 's');
    const text = new Intl.NumberFormat(this.locale, { maximumFractionDigits: 2 }).format(value);
    return unit ? `${text} ${unit}` : text;
  }

  /** A fraction as per cent. */
  share(value) {
    if (value === null) return '–';
    const digits = value > 0 && value < 0.0995 ? 1 : 0;
    return `${this.number(100 * value, digits)} %`;
  }

  /** Milliseconds with their unit. */
  ms(value) {
    if (value === null || value === undefined) return '–';
    return value >= 9999.5 ? `${this.number(value / 1000, 1)} s` : `${this.number(value, value < 9.95 ? 1 : 0)} ms`;
  }

  /** A duration for people: seconds below two minutes, then minutes, then hours and minutes. */
  duration(seconds) {
    if (seconds < 120) return this.text('seconds', { n: this.number(Math.floor(seconds)) });
    const minutes = Math.floor(seconds / 60);
    if (minutes < 120) return this.text('minutes', { n: minutes });
    return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')}`;
  }

  /** Switch to the next language, and remember it. */
  change() {
    const names = Object.keys(MESSAGES);
    this.name = names[(names.indexOf(this.name) + 1) % names.length];
    if (this._storage) this._storage.setItem(STORAGE_KEY, this.name);
  }

  /** Translate every element with a message key: data-text, data-label and data-hint. */
  fill(root) {
    root.documentElement.lang = this.locale;
    root.title = this.text('title');
    for (const element of root.querySelectorAll('[data-text]')) element.textContent = this.text(element.dataset.text);
    for (const element of root.querySelectorAll('[data-label]')) {
      element.setAttribute('aria-label', this.text(element.dataset.label));
    }
    for (const element of root.querySelectorAll('[data-hint]')) element.title = this.text(element.dataset.hint);
  }
}
