/** Which language the page speaks: the reader's choice if there is one, else the browser's. */

import { MESSAGES } from './messages.js';

const REMEMBERED = 'framewire.language';

export class Language {
  /**
   * @param {Storage|null} storage where the choice is kept; null where the browser forbids it
   * @param {string[]} preferred the browser's languages, best first, such as ['zh-CN', 'en']
   */
  constructor(storage, preferred) {
    this._storage = storage;
    const kept = storage && storage.getItem(REMEMBERED);
    const wishes = [kept, ...preferred.map((tag) => tag.slice(0, 2)), 'en'];
    this.name = wishes.find((name) => Object.keys(MESSAGES).includes(name));
  }

  /** The text for a key, with `{name}` replaced by `values.name`. */
  text(key, values = {}) {
    const text = MESSAGES[this.name][key];
    if (text === undefined) throw new Error(`no words for ${key}`);
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  /** Whether there are words for a key. */
  knows(key) {
    return key in MESSAGES[this.name];
  }

  /** The next language, remembered for the next visit. */
  change() {
    const names = Object.keys(MESSAGES);
    this.name = names[(names.indexOf(this.name) + 1) % names.length];
    if (this._storage) this._storage.setItem(REMEMBERED, this.name);
  }

  /** Fills every element that names its words: data-text, data-label (aria) and data-hint. */
  fill(root) {
    const each = (name, act) => {
      for (const element of root.querySelectorAll(`[data-${name}]`)) {
        act(element, this.text(element.dataset[name]));
      }
    };
    each('text', (element, text) => (element.textContent = text));
    each('label', (element, text) => element.setAttribute('aria-label', text));
    each('hint', (element, text) => element.setAttribute('title', text));
  }
}
