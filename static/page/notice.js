/** Tells the state: a pill in the head, a card over the picture, a voice for who cannot see them. */

import { describe, hasCard } from './status.js';

export class Notice {
  /** @param {function(string): HTMLElement} element by id  @param {Language} language */
  constructor(element, language) {
    this._element = element;
    this._language = language;
    this._spoken = null;
    this._problem = null;
    element('problem-close').addEventListener('click', () => this.problem(null));
  }

  /** Shows the state as it is at `now`; call it whenever something changed, and for the count-down. */
  show(about, now) {
    const state = describe(about, now);
    const text = this._language.text(state.key, state.values);
    const more = state.more ? this._language.text(state.more, state.values) : '';
    document.documentElement.dataset.state = state.name;
    setText(this._element('pill-text'), text);
    setText(this._element('card-text'), text);
    setText(this._element('card-more'), more);
    this._element('card').hidden = !hasCard(state.name);
    this._element('retry').hidden = !state.retry;
    this._element('token').hidden = !state.asksToken;
    this._speak(state, text, more);
    return state.name;
  }

  /** A note below the picture, in the words of a key; null takes it away. */
  problem(key, values = {}) {
    this._problem = key && { key, values };
    this._element('problem').hidden = !key;
    document.documentElement.dataset.problem = key ? key.replace('problem.', '') : '';
    if (!key) return;
    const text = this._language.text(key, values);
    setText(this._element('problem-text'), text);
    this.say(text);
  }

  /** The language has changed. */
  retell() {
    if (this._problem) this.problem(this._problem.key, this._problem.values);
    this._spoken = null;
  }

  say(text) {
    setText(this._element('spoken'), text);
  }

  /** Once for each state: a count-down read aloud would drown everything else. */
  _speak(state, text, more) {
    if (this._spoken === state.name) return;
    this._spoken = state.name;
    const key = `state.${state.name}.spoken`;
    this.say(this._language.knows(key) ? this._language.text(key) : `${text} ${more}`.trim());
  }
}

/** Only where it differs: screen readers and layout take every write for a change. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
