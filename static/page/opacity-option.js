/** The option how much masks and heat maps cover their frame. */

import { controlsOf } from '../tasks/controls.js';

const STORAGE_KEY = 'framewire.opacity';
const DEFAULT = 55; // percent

/** @returns {number} percent; the default if nothing valid is stored */
export function storedOpacity(text) {
  const percent = text === null || text === '' ? NaN : Number(text);
  return percent >= 0 && percent <= 100 ? percent : DEFAULT;
}

export class OpacityOption {
  /**
   * @param {object} parts
   * @param {function(string): HTMLElement} parts.element by id
   * @param {Storage|null} parts.storage for the choice; null if the browser forbids it
   * @param {number|null} parts.shared percent, if the page's address has it
   * @param {function(number)} parts.onChange receives the opacity, 0 to 1
   */
  constructor({ element, storage, shared, onChange }) {
    this._element = element;
    this._storage = storage;
    this._onChange = onChange;
    const slider = element('opacity');
    slider.value = String(shared ?? storedOpacity(storage && storage.getItem(STORAGE_KEY)));
    slider.addEventListener('input', () => this._changed());
    this._show();
  }

  /** @returns {number} 0 to 1 */
  get value() {
    return Number(this._element('opacity').value) / 100;
  }

  /** @returns {number|null} percent; null if the model's task has no use for it */
  get percent() {
    return this._element('opacity-option').hidden ? null : Number(this._element('opacity').value);
  }

  /** @param {object|null} model as the welcome has it */
  update(model) {
    this._element('opacity-option').hidden = !controlsOf(model).opacity;
  }

  _changed() {
    if (this._storage) this._storage.setItem(STORAGE_KEY, this._element('opacity').value);
    this._show();
    this._onChange(this.value);
  }

  _show() {
    this._element('opacity-text').textContent = `${this._element('opacity').value} %`;
  }
}
