/** What is done with tracks: zones and lines to count at, and trails. */

import { drawAreas, drawTrails } from './area-drawing.js';
import { AreaEditor } from './area-editor.js';
import { Areas } from './areas.js';
import { Trails } from './trails.js';

export class Counting {
  /**
   * @param {object} parts
   * @param {function(string): HTMLElement} parts.element by id
   * @param {Language} parts.language
   * @param {Storage|null} parts.storage for the zones and lines
   * @param {function()} parts.onMove what `draw` draws has changed
   * @param {function()} parts.onChange `isActive` or the `options` have changed
   */
  constructor({ element, language, storage, onMove, onChange }) {
    this._areas = new Areas(storage);
    this._trails = new Trails();
    this._editor = new AreaEditor({ element, language, areas: this._areas, onMove, onChange });
    this._isPossible = false;
  }

  /** Whether boxes must be tracked for it. */
  get isActive() {
    return this._isPossible && this._areas.list().length > 0;
  }

  /** @returns {{zones: object, lines: object}} the session's options */
  options() {
    return this._areas.options();
  }

  /** Boxes can be tracked, or can no longer. */
  enable(isPossible) {
    this._isPossible = isPossible;
    this._editor.enable(isPossible);
    this.clear();
  }

  /** Tracks begin anew: another source or session. */
  clear() {
    this._trails.clear();
  }

  update(result) {
    if (!this.isActive) return;
    this._trails.update(result);
    this._areas.update(result);
    this._editor.count();
  }

  /** The language has changed. */
  translate() {
    this._editor.show();
  }

  /** The picture is at `rect` on the stage. */
  place(rect) {
    this._editor.place(rect);
  }

  /** Draw over the picture, which is at `rect` in the context. */
  draw(context, rect) {
    if (!this.isActive) return;
    drawTrails(context, rect, this._trails.list());
    const areas = this._areas.list().map((area) => ({ ...area, title: this._editor.title(area) }));
    drawAreas(context, rect, areas);
  }
}
