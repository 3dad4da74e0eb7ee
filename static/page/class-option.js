/** The option of which classes are shown: a button for each, and a search among many. */

import { ClassFilter, matching } from '../tasks/class-filter.js';
import { classColour } from '../tasks/colours.js';
import { controlsOf } from '../tasks/controls.js';
import { isolate } from '../tasks/names.js';
import { setText } from './notice.js';

const MANY = 20; // classes from which a search helps
const MOST = 200; // buttons at a time

export class ClassOption {
  /**
   * @param {object} parts
   * @param {function(string): HTMLElement} parts.element by id
   * @param {Language} parts.language
   * @param {Storage|null} parts.storage for the choices; null if the browser forbids it
   * @param {number[]|null} parts.shared the classes in the page's address
   * @param {function()} parts.onChange other classes are shown
   */
  constructor({ element, language, storage, shared, onChange }) {
    this._element = element;
    this._language = language;
    this._onChange = onChange;
    this._labels = [];
    this.filter = new ClassFilter(storage, shared);
    element('classes').addEventListener('click', ({ target }) => {
      const button = target.closest('button');
      if (button) this._change(() => this.filter.toggle(Number(button.dataset.class)));
    });
    element('classes-all').addEventListener('click', () => {
      this._change(() => this.filter.clear());
      element('classes-option').querySelector('summary').focus(); // the button is hidden now
    });
    element('classes-search').addEventListener('input', () => this._list());
  }

  /** @param {object|null} model as the welcome has it */
  update(model) {
    const isUsed = controlsOf(model).classes;
    this._element('classes-option').hidden = !isUsed;
    this._labels = isUsed ? model.labels : [];
    if (model) this.filter.use(isUsed ? model : { name: model.name, labels: [] });
    this._element('classes-search').value = '';
    this._element('classes-search').hidden = this._labels.length < MANY;
    this._list();
    this._onChange();
  }

  /** Show the choice in the current language. */
  translate() {
    const { chosen } = this.filter;
    const names = chosen.map((index) => isolate(this._labels[index])).join(', ');
    setText(this._element('classes-text'), names || this._language.text('option.classes.every'));
    this._element('classes-all').hidden = chosen.length === 0;
  }

  _change(change) {
    change();
    for (const button of this._element('classes').children) this._mark(button);
    this.translate();
    this._onChange();
  }

  _list() {
    const found = matching(this._labels, this._element('classes-search').value).slice(0, MOST);
    this._element('classes').replaceChildren(...found.map((index) => this._button(index)));
    this.translate();
  }

  _button(index) {
    const button = document.createElement('button');
    button.type = 'button';
    button.dataset.class = String(index);
    button.textContent = this._labels[index];
    button.style.setProperty('--class', classColour(index));
    this._mark(button);
    return button;
  }

  _mark(button) {
    const isChosen = this.filter.chosen.includes(Number(button.dataset.class));
    button.setAttribute('aria-pressed', String(isChosen));
  }
}
