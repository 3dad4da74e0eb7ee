/** The options of the panel, put together, and which of them a link carries. */

import { BoxesOption } from './boxes-option.js';
import { ClassOption } from './class-option.js';
import { OpacityOption } from './opacity-option.js';
import { ScoreOption } from './score-option.js';

export class Options {
  /**
   * @param {object} parts
   * @param {function(string): HTMLElement} parts.element by id
   * @param {Language} parts.language
   * @param {Storage|null} parts.storage for the choices; null if the browser forbids it
   * @param {object} parts.shared the settings in the page's address, of `readSettings`
   * @param {boolean} parts.isCalm whether the user prefers reduced motion
   * @param {function()} parts.onScore `minScore` has changed
   * @param {function()} parts.onClasses `shows` has changed
   * @param {function(number)} parts.onOpacity 0 to 1
   * @param {function('exact'|'live'|null)} parts.onMode how boxes are shown; null: as they come
   * @param {function(boolean)} parts.onFull whether frames are sent in full size
   */
  constructor(parts) {
    const { element, shared, onScore, onClasses, onOpacity, onMode, onFull } = parts;
    this._full = element('full');
    this._full.checked = Boolean(shared.full);
    this._full.addEventListener('change', () => onFull(this.isFull));
    this._score = new ScoreOption({ ...parts, shared: shared.score, onChange: onScore });
    this._opacity = new OpacityOption({ ...parts, shared: shared.opacity, onChange: onOpacity });
    this._classes = new ClassOption({ ...parts, shared: shared.classes, onChange: onClasses });
    this._boxes = new BoxesOption({ ...parts, shared: shared.boxes, onMode });
  }

  get minScore() {
    return this._score.value;
  }

  get opacity() {
    return this._opacity.value;
  }

  get isFull() {
    return this._full.checked;
  }

  /** Whether boxes of a class are shown. */
  shows(index) {
    return this._classes.filter.shows(index);
  }

  /** Take in what has changed: the source, the model or the gateway's features. */
  update(changed) {
    if ('model' in changed) {
      this._opacity.update(changed.model);
      this._classes.update(changed.model);
    }
    this._boxes.update(changed);
  }

  /** The language has changed. */
  translate() {
    this._classes.translate();
  }

  /** Move the slider of the minimum score. */
  stepScore(by) {
    this._score.step(by);
  }

  /** @returns {'exact'|'live'|null} the other mode of boxes; null if there is no choice */
  toggleBoxes() {
    return this._boxes.toggle();
  }

  /** @returns {object} the settings that a link carries, as `addressWith` takes them */
  settings() {
    const { chosen } = this._classes.filter;
    return {
      score: this._score.percent,
      opacity: this._opacity.percent,
      boxes: this._boxes.choice,
      classes: chosen.length > 0 ? chosen : null,
      full: this.isFull || null,
    };
  }
}
