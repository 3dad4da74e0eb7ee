/**
 * Selects the source: the four buttons, the files behind two of them, drag and drop, and pictures
 * from the clipboard.
 *
 * A new source is started before the previous one ends, so that a denied camera or a broken file
 * leaves the page as it was, with an explanation.
 */

import { Camera } from './sources/camera.js';
import { Picture } from './sources/picture.js';
import { SourceError } from './sources/source-error.js';
import { Scene } from './sources/scene.js';
import { Video } from './sources/video.js';

const SEED = 20;

export class SourcePicker {
  /**
   * @param {object} parts
   * @param {function(string): HTMLElement} parts.element by id
   * @param {Language} parts.language
   * @param {function(object, number)} parts.onPicture (source, capturedAt)
   * @param {function(object, boolean)} parts.onSource (source, isChosen) the source has changed;
   *   whether the user chose it
   * @param {function(string|null, object)} parts.onProblem (message key, values); null: solved
   * @param {function(string|null)} parts.announce (message key) for screen readers; null: nothing
   */
  constructor(parts) {
    Object.assign(this, parts);
    this.current = null;
    this._attempt = 0;
    this._isResting = false;
    this._wire();
  }

  /** Choose by name; for a file, the browser asks which one. */
  choose(name) {
    if (name === 'video' || name === 'picture') return this.element(`${name}-file`).click();
    return name === 'camera' ? this.useCamera(null) : this._start((on) => this._scene(on));
  }

  /** @returns {'camera'|null} the source if a link can carry it; the demo scene needs no mention */
  get shared() {
    return this.current && this.current.name === 'camera' ? 'camera' : null;
  }

  useCamera(deviceId) {
    this.announce('source.asking');
    // Some phones open a second camera only after the first is closed.
    if (this.current && this.current.name === 'camera') this.current.stop();
    const onProblem = ({ key }) => this._ended(key);
    return this._start((onPicture) => new Camera({ deviceId, onPicture, onProblem }));
  }

  /** Show an image or a video file. */
  useFile(file) {
    if (file.type.startsWith('video/')) {
      return this._start((onPicture) => new Video({ file, onPicture }));
    }
    // Only the browser knows which images it can open: those without a suffix have no type.
    const problem = file.type.startsWith('image/') ? 'problem.picture_unreadable' : 'problem.file_unknown';
    return this._start((onPicture) => new Picture({ file, onPicture, problem }));
  }

  /** Pause or resume the source: for the pause button and for a hidden tab. */
  rest(isResting) {
    if (isResting === this._isResting) return;
    this._isResting = isResting;
    if (!this.current) return;
    if (isResting) this.current.pause();
    else this.current.resume();
  }

  /** The language has changed: name the cameras again. */
  translate() {
    return this._listCameras();
  }

  _scene(onPicture) {
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    return new Scene({ onPicture, isCalm, seed: SEED });
  }

  /** @param {string|null} problem the message key of a note to show with the new source */
  async _start(make, problem = null) {
    this._attempt += 1;
    const attempt = this._attempt;
    const source = make((capturedAt) => this.onPicture(source, capturedAt));
    try {
      await source.start();
    } catch (error) {
      source.stop();
      if (attempt === this._attempt) this._failed(error);
      return;
    }
    if (attempt !== this._attempt) return source.stop();
    return this._adopt(source, problem);
  }

  async _adopt(source, problem) {
    if (this.current) this.current.stop();
    this.current = source;
    if (this._isResting) source.pause();
    this._mark();
    this.announce(null);
    this.onProblem(problem);
    this.onSource(source, problem === null);
    await this._listCameras();
  }

  _failed(error) {
    const known = error instanceof SourceError;
    const key = known ? error.key : 'problem.page_failed';
    // The previous camera was stopped for the one that failed.
    if (this.current && this.current.name === 'camera') return this._ended(key);
    return this.onProblem(key, { message: error.message });
  }

  /** The source has ended: switch to the demo scene, with a note that explains why. */
  _ended(key) {
    return this._start((onPicture) => this._scene(onPicture), key);
  }

  _mark() {
    document.documentElement.dataset.source = this.current.name;
    for (const button of this.element('sources').querySelectorAll('button')) {
      button.setAttribute('aria-pressed', String(button.dataset.source === this.current.name));
    }
  }

  async _listCameras() {
    const camera = this.current && this.current.name === 'camera' ? this.current : null;
    const cameras = camera ? await camera.choices() : [];
    if (camera && camera !== this.current) return;
    this.element('device').hidden = this.element('flip').hidden = cameras.length < 2;
    this.element('cameras').replaceChildren(
      ...cameras.map(({ id, label }, i) => {
        const name = label || this.language.text('source.unnamed', { number: i + 1 });
        return new Option(name, id, false, id === camera.current());
      }),
    );
  }

  /** Use the next camera of this device. */
  _flip() {
    const cameras = this.element('cameras');
    cameras.selectedIndex = (cameras.selectedIndex + 1) % cameras.length;
    return this.useCamera(cameras.value);
  }

  _wire() {
    this.element('sources').addEventListener('click', ({ target }) => {
      const button = target.closest('button');
      if (button) this.choose(button.dataset.source);
    });
    this.element('cameras').addEventListener('change', ({ target }) => this.useCamera(target.value));
    this.element('flip').addEventListener('click', () => this._flip());
    for (const id of ['video-file', 'picture-file']) {
      this.element(id).addEventListener('change', ({ target }) => {
        if (target.files.length) this.useFile(target.files[0]);
        target.value = ''; // allows the same file to be chosen again
      });
    }
    this._wireDrop(document.documentElement);
    addEventListener('paste', ({ clipboardData }) => {
      if (clipboardData && clipboardData.files.length) this.useFile(clipboardData.files[0]);
    });
  }

  _wireDrop(page) {
    const mark = (over) => page.classList.toggle('dropping', over);
    page.addEventListener('dragover', (event) => {
      event.preventDefault();
      mark(true);
    });
    page.addEventListener('dragleave', (event) => {
      if (!event.relatedTarget) mark(false);
    });
    page.addEventListener('drop', (event) => {
      event.preventDefault();
      mark(false);
      if (event.dataTransfer.files.length) this.useFile(event.dataTransfer.files[0]);
    });
  }
}
