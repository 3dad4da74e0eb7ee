/** The page's language: the user's choice, or the browser's. */

import { MESSAGES } from './messages.js';
import { nextLanguage, preferredLanguage } from './preferred-language.js';

export class Language {
  /**
   * @param {Storage|null} storage for the choice; null if the browser forbids it
   * @param {string|null} shared the one in the page's address
   * @param {string[]} preferred the browser's languages, best first, such as ['zh-CN', 'en']
   */
  constructor(storage, shared, preferred) {
    this._storage = storage;
    this.name = preferredLanguage(storage, shared, preferred);
  }

  /** The language's tag for the document. */
  get tag() {
    return this.name === 'zh' ? 'zh-CN' : this.name;
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

  /** Switch to the next language, and remember it for the next visit. */
  change() {
    this.name = nextLanguage(this._storage, this.name);
  }

  /** Translate every element with a message key: data-text, data-label (aria-label), data-placeholder and data-hint. */
  fill(root) {
    const translate = (attribute, set) => {
      for (const element of root.querySelectorAll(`[data-${attribute}]`)) {
        set(element, this.text(element.dataset[attribute]));
      }
    };
    translate('text', (element, text) => (element.textContent = text));
    translate('label', (element, text) => element.setAttribute('aria-label', text));
    translate('placeholder', (element, text) => element.setAttribute('placeholder', text));
    translate('hint', (element, text) => element.setAttribute('title', text));
  }
}
