/** The statistics, the lost frames, the model, and the latest result as text. */

import { classColour } from '../tasks/colours.js';
import { controlsOf } from '../tasks/controls.js';
import { scaleImage } from '../tasks/heat-map.js';
import { percent } from '../tasks/names.js';
import { setText } from './notice.js';

export class Panel {
  /**
   * @param {function(string): HTMLElement} element by id
   * @param {Language} language
   */
  constructor(element, language) {
    this._element = element;
    this._language = language;
    this._shown = {}; // what each list shows, as JSON
  }

  /**
   * @param {object} statistics a snapshot
   * @param {number|null} tripMs from the client
   */
  statistics(statistics, tripMs) {
    this._set('answered', decimal(statistics.answeredPerS, 1));
    this._set('sent', decimal(statistics.sentPerS, 1));
    this._set('p50', decimal(statistics.p50Ms, 0));
    this._set('p95', decimal(statistics.p95Ms, 0));
    this._set('batch', decimal(statistics.batch, 1));
    const unit = this._text('stat.ms');
    this._set('trip', tripMs === null ? '–' : `${decimal(tripMs, 0)} ${unit}`);
    this._lost(statistics);
  }

  /** @param {object|null} model as the welcome has it */
  model(model) {
    const rows = model ? this._modelRows(model) : [];
    this._rows('model', rows.map(([key, value]) => [this._text(key), value]));
    this._set('model-name', model ? model.name : '');
    this._element('model-none').hidden = Boolean(model);
    this._element('score-option').hidden = !controlsOf(model).score;
  }

  /** The latest result as text, also for those who cannot see the boxes. */
  result(predictions) {
    const kind = predictions ? predictions.kind : null;
    this._element('outputs').hidden = kind !== 'tensors';
    this._element('embedding').hidden = kind !== 'embedding';
    this._element('result').hidden = kind === 'tensors' || kind === 'embedding';
    if (kind === 'tensors') this._outputs(predictions.items);
    else if (kind === 'embedding') this._embedding(predictions.items[0]);
    else this._result(predictions ? this._chips(predictions) : []);
  }

  /** @param {{width, height, bytes}|null} frame the last one sent */
  sending(frame) {
    if (!frame) return this._set('sending', '–');
    const kilobytes = decimal(frame.bytes / 1000, 1);
    return this._set('sending', this._text('option.sending', { ...frame, kilobytes }));
  }

  /** @param {number|null} ms the shown frame's age; null: it has no result */
  age(ms) {
    this._element('age').hidden = ms === null;
    if (ms === null) return;
    const age = ms < 1000 ? `${Math.round(ms)} ${this._text('stat.ms')}` : `${decimal(ms / 1000, 1)} ${this._text('stat.s')}`;
    this._set('age', this._text('result.age', { age }));
  }

  _chips({ kind, items: all }) {
    const items = all.filter(({ isWeak }) => !isWeak);
    if (kind === 'map') return [this._scale(items[0])];
    const isMasks = kind === 'masks';
    if (items.length === 0) return [{ text: this._text(isMasks ? 'result.masks.none' : 'result.none') }];
    const read = { poses: this._pose, masks: this._mask }[kind] || this._prediction;
    return [{ text: this._text(isMasks ? 'result.masks' : 'result.title') }, ...items.map(read, this)];
  }

  _prediction({ name, score, index }) {
    return { name, text: percent(score), colour: classColour(index) };
  }

  _mask({ name, colour, share }) {
    return { name, text: share < 0.01 ? '< 1 %' : percent(share), colour };
  }

  _pose({ score }, i) {
    return { name: this._text('result.pose', { number: i + 1 }), text: percent(score), colour: classColour(0) };
  }

  _scale(scale) {
    return { ...scale, text: this._text('result.scale', scale) };
  }

  _result(chips) {
    if (!this._changed('result', chips)) return;
    this._element('result').replaceChildren(...chips.map(chip));
    if (chips.length === 0) this._element('result').append('\u00a0');
  }

  _outputs(items) {
    if (!this._changed('outputs', items)) return;
    this._element('output-rows').replaceChildren(
      ...items.map(({ name, type, values }) => element('tr', ...[name, type, values].map(cell))),
    );
  }

  _embedding({ length, norm, values }) {
    this._rows('embedding-rows', [
      [this._text('embedding.length'), String(length)],
      [this._text('embedding.norm'), norm],
      [this._text('embedding.values'), values],
    ]);
  }

  _lost({ dropped, errors, lastError }) {
    const rows = [...dropped, ...errors].map(([code, count]) => [this._reason(code), String(count)]);
    this._rows('lost', rows);
    this._set('lost-count', String([...dropped, ...errors].reduce((sum, [, count]) => sum + count, 0)));
    setText(this._element('lost-note'), rows.length ? lastError || '' : this._text('lost.none'));
  }

  _reason(code) {
    const key = `lost.${code}`;
    return this._text(this._language.has(key) ? key : 'lost.other');
  }

  /** A task's name; the page may not know it yet. */
  _task(task) {
    const key = `model.task.${task}`;
    return this._language.has(key) ? this._text(key) : task;
  }

  _modelRows(model) {
    const { name, label, version, task, width, height, labels } = model;
    const rows = [
      ['model.name', name],
      ['model.version', label ? `${version} (${label})` : String(version)],
      ['model.task', this._task(task)],
    ];
    const named = task === 'keypoints' ? 'model.points' : 'model.classes';
    if (labels.length > 0) rows.push([named, String(labels.length)]);
    rows.push(['model.input', width && height ? `${width} × ${height}` : this._text('model.any')]);
    return rows;
  }

  _rows(id, rows) {
    if (!this._changed(id, rows)) return;
    const lines = rows.map(([term, value]) => element('div', element('dt', term), element('dd', value)));
    this._element(id).replaceChildren(...lines);
  }

  /** Whether a list differs from what it shows; if so, it counts as shown. */
  _changed(id, content) {
    const text = JSON.stringify(content);
    if (this._shown[id] === text) return false;
    this._shown[id] = text;
    return true;
  }

  _text(key, values) {
    return this._language.text(key, values);
  }

  _set(id, text) {
    setText(this._element(id), text);
  }
}

function element(tag, ...content) {
  const created = document.createElement(tag);
  created.append(...content);
  return created;
}

function cell(text) {
  return element('td', text);
}

function chip({ name, text, colour, low, high }) {
  if (low !== undefined) return scale(low, high, text);
  if (name === undefined) return element('span', text);
  const title = element('b', name);
  title.dir = 'auto'; // a name that is read from right to left keeps to itself
  const span = element('span', title, ` ${text}`);
  span.className = 'chip';
  span.style.setProperty('--class', colour);
  return span;
}

/** The colours from low to high; in words for those who do not see them. */
function scale(low, high, text) {
  const bar = element('i');
  bar.style.setProperty('background-image', scaleImage());
  const span = element('span', low, bar, high);
  span.className = 'scale';
  span.setAttribute('role', 'img');
  span.setAttribute('aria-label', text);
  return span;
}

function decimal(number, digits) {
  return number === null ? '–' : number.toFixed(digits);
}
