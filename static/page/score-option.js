/** The option of the least score that a result must have to be shown. */

const STORAGE_KEY = 'framewire.score';
const DEFAULT = 50; // percent

export class ScoreOption {
  /**
   * @param {object} parts
   * @param {function(string): HTMLElement} parts.element by id
   * @param {Storage|null} parts.storage for the choice; null if the browser forbids it
   * @param {number|null} parts.shared percent, if the page's address has it
   * @param {function()} parts.onChange `value` has changed
   */
  constructor({ element, storage, shared, onChange }) {
    this._element = element;
    this._storage = storage;
    this._onChange = onChange;
    const stored = Number(storage && storage.getItem(STORAGE_KEY)) || DEFAULT;
    element('score').value = String(shared ?? stored);
    element('score').addEventListener('input', () => this._changed());
    this._show();
  }

  /** @returns {number} 0 to 1 */
  get value() {
    return this.percent / 100;
  }

  get percent() {
    return Number(this._element('score').value);
  }

  /** Move the slider, if the model's task has scores. */
  step(by) {
    if (this._element('score-option').hidden) return;
    this._element('score').value = String(this.percent + by);
    this._changed();
  }

  _changed() {
    if (this._storage) this._storage.setItem(STORAGE_KEY, String(this.percent));
    this._show();
    this._onChange();
  }

  _show() {
    this._element('score-text').textContent = `${this.percent} %`;
  }
}
