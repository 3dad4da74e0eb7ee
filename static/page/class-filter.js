/** Which classes are shown: all, or those that the user has chosen for this model. */

const STORAGE_KEY = 'framewire.classes';

export class ClassFilter {
  /**
   * @param {Storage|null} storage for the choices; null if the browser forbids it
   * @param {number[]|null} shared those of the page's address, for the first model
   */
  constructor(storage, shared) {
    this._storage = storage;
    this._shared = shared;
    this._name = null;
    this._chosen = new Set();
  }

  /** Take the choice for this model. The classes that it does not have are left out. */
  use({ name, labels }) {
    if (name === this._name) return;
    const chosen = this._shared || this._stored()[name];
    this._shared = null;
    this._name = name;
    this._chosen = new Set(Array.isArray(chosen) ? chosen.filter((index) => index in labels) : []);
  }

  /** @returns {number[]} ascending; empty: all */
  get chosen() {
    return [...this._chosen].sort((a, b) => a - b);
  }

  /** Whether a class is shown. */
  shows(index) {
    return this._chosen.size === 0 || this._chosen.has(index);
  }

  toggle(index) {
    if (!this._chosen.delete(index)) this._chosen.add(index);
    this._save();
  }

  clear() {
    this._chosen.clear();
    this._save();
  }

  _save() {
    if (!this._storage) return;
    const { [this._name]: before, ...others } = this._stored();
    const own = this._chosen.size > 0 ? { [this._name]: this.chosen } : {};
    this._storage.setItem(STORAGE_KEY, JSON.stringify({ ...others, ...own }));
  }

  _stored() {
    try {
      return JSON.parse((this._storage && this._storage.getItem(STORAGE_KEY)) || '{}') || {};
    } catch (error) {
      return {};
    }
  }
}

/** @returns {number[]} the classes whose label contains the text, in any case */
export function matching(labels, text) {
  const wanted = text.trim().toLowerCase();
  return labels.map((_, index) => index).filter((index) => labels[index].toLowerCase().includes(wanted));
}
