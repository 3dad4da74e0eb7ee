/** Saves what the stage shows: the picture with what is drawn over it, or its result as JSON. */

import { fileName, resultDocument } from './result-document.js';

export class Saving {
  /**
   * @param {object} parts
   * @param {function(string): HTMLElement} parts.element by id
   * @param {Language} parts.language
   * @param {Notice} parts.notice
   * @param {View} parts.view
   * @param {Pipeline} parts.pipeline
   */
  constructor({ element, language, notice, view, pipeline }) {
    Object.assign(this, { language, notice, view, pipeline });
    element('save-picture').addEventListener('click', () => this.picture());
    element('save-json').addEventListener('click', () => this.json());
  }

  async picture() {
    this._download(await this.view.save(), 'png');
  }

  json() {
    const { lastResult, model } = this.pipeline;
    if (!lastResult || !model) return this._download(null);
    const { frame, ...result } = lastResult;
    const text = resultDocument({ result, model, frame }, new Date());
    return this._download(new Blob([text], { type: 'application/json' }), 'json');
  }

  _download(blob, extension) {
    if (!blob) return this.notice.toast(this.language.text('save.nothing'));
    const link = document.createElement('a');
    link.download = fileName(new Date(), extension);
    link.href = URL.createObjectURL(blob);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000); // some browsers read it later
    return this.notice.toast(this.language.text('save.done', { name: link.download }));
  }
}
