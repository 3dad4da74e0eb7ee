/** Chooses among the models of the server, and keeps the choice in the page's address. */

import { listModels, optionsFor, stillOffered } from '../client/models.js';
import { queryFor } from './model-address.js';

/** The least time between two questions that follow from what a user does. */
const PAUSE_MS = 2000;

export class ModelPicker {
  /**
   * @param {object} parts
   * @param {function(string): HTMLElement} parts.element by id
   * @param {Language} parts.language
   * @param {{model?: string, label?: string}} parts.asked the session options in the page's address
   * @param {function(object)} parts.onChoose receives the session options for the chosen model
   */
  constructor({ element, language, asked, onChoose }) {
    this._element = element;
    this._language = language;
    this._onChoose = onChoose;
    this._models = []; // as the server has them
    this._used = new Map(); // by name and label: the server may forget models that nobody uses
    this._listed = []; // as the page lists them
    this._current = null;
    this._wanted = asked.model ? { name: asked.model, label: asked.label || null } : null; // also while the session has none
    this._isChosen = false; // by the user, not by where the server leads the name
    this._shown = '';
    this.token = null; // for servers that require one
    element('models').addEventListener('change', ({ target }) => this._choose(Number(target.value)));
    element('models').addEventListener('focus', () => this.refresh());
    this._askedAt = 0;
    // A model may have been promoted meanwhile, and with a single one there is no menu to open: look
    // again when somebody comes back to the page, or reaches for the panel.
    addEventListener('focus', () => this._lookAgain());
    document.addEventListener('visibilitychange', () => this._lookAgain());
    const panel = document.querySelector('aside.panel');
    for (const reach of ['pointerover', 'focusin']) panel.addEventListener(reach, () => this._lookAgain());
  }

  /** @param {object|null} model the session's, as the welcome has it */
  update(model) {
    if (model) this._use(model);
    this._current = model;
    this.refresh();
  }

  /** A model that the server has put another in the place of is no choice. */
  _use(model) {
    const before = this._wanted;
    if (before && before.name === model.name && !this._isChosen) this._used.delete(keyOf(before));
    this._used.set(keyOf(model), { ...model, state: 'ready' });
    this._wanted = model;
    this._isChosen = false;
  }

  _lookAgain() {
    if (!document.hidden && performance.now() - this._askedAt > PAUSE_MS) this.refresh();
  }

  /** Ask the server for its models. Without an answer, those known stay. */
  async refresh() {
    this._askedAt = performance.now();
    this.translate();
    const headers = this.token ? { Authorization: `Bearer ${this.token}` } : {};
    try {
      const response = await fetch(new URL('v1/models', document.baseURI), { headers });
      if (response.ok) this._models = (await response.json()).models;
    } catch (error) {
      return; // the connection to the server says what is wrong
    }
    for (const model of this._models) if (model.state === 'unknown_model') this._used.delete(keyOf(model));
    this.translate();
  }

  /** Show the models in the current language. With only one, there is nothing to choose. */
  translate() {
    const models = listModels(this._known(), this._current);
    const texts = models.map((model) => this._text(model));
    this._element('models-option').hidden = models.length < 2;
    const shown = JSON.stringify(texts);
    if (shown !== this._shown) {
      this._element('models').replaceChildren(...texts.map((text, i) => new Option(text, String(i))));
      this._shown = shown;
    }
    this._listed = models;
    this._element('models').value = String(models.findIndex((model) => this._isShown(model))); // -1: no option
  }

  /** What the server offers, what the session had before, and what it has or waits for. */
  _known() {
    const known = [...this._models, ...stillOffered([...this._used.values()], this._models)];
    if (this._current) return [...known, { ...this._current, state: 'ready' }];
    if (!this._wanted || known.some((model) => this._isShown(model))) return known;
    return [...known, { ...this._wanted, state: 'unknown_model' }];
  }

  /** Whether a model is the session's or, while it has none, the one that it waits for. */
  _isShown({ name, label, isCurrent }) {
    if (this._current) return isCurrent;
    const { name: wanted, label: wantedLabel } = this._wanted || { name, label };
    return name === wanted && (!wantedLabel || label === wantedLabel);
  }

  _choose(index) {
    const model = this._listed[index];
    this._wanted = model;
    this._isChosen = true;
    history.replaceState(history.state, '', queryFor(location.search, model) + location.hash);
    this._onChoose(optionsFor(model));
  }

  _text({ name, label, task, state }) {
    const full = label ? `${name} (${label})` : name;
    return `${full} · ${this._detail(task, state)}`;
  }

  _detail(task, state) {
    if (state === 'looking_up') return this._language.text('option.model.looking_up');
    if (state !== 'ready') return this._language.text('option.model.unavailable');
    const key = `model.task.${task}`;
    return this._language.has(key) ? this._language.text(key) : task;
  }
}

function keyOf({ name, label }) {
  return JSON.stringify([name, label || null]);
}
