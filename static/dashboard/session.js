/** One session's page: what it is, and its last minute. */

import { TimeChart } from './chart.js';
import { milliseconds, rates } from './overview.js';
import { modelOf } from './sessions.js';
import { html } from './svg.js';

export const MINUTE_S = 60;

/**
 * A point for each second of the last minute.
 * @param {object[]} seconds with outcomes, each with its time `at`, in seconds ago
 */
export function minute(seconds) {
  const by = new Map(seconds.map((second) => [second.at, second]));
  const ages = Array.from({ length: MINUTE_S }, (_, i) => MINUTE_S - i);
  return {
    frames: ages.map((age) => {
      const { results = 0, dropped = 0, errors = 0 } = by.get(age) || {};
      return { age, values: [results, dropped, errors] };
    }),
    ages: ages.map((age) => {
      const { results = 0, age_ms: sum = 0, oldest_ms: oldest = 0 } = by.get(age) || {};
      return { age, values: results ? [sum / results, oldest] : null };
    }),
  };
}

/** What became of a frame that got no result, for people. @param {string} loss such as `dropped expired` */
export function lossName(texts, loss) {
  const [type, reason] = loss.split(' ');
  if (texts.has(`outcome.${reason}`)) return texts.text(`outcome.${reason}`);
  return `${texts.text(type === 'error' ? 'outcome.error' : 'one.dropped')} (${reason})`;
}

export class SessionPage {
  /**
   * @param {HTMLElement} host
   * @param {Texts} texts
   * @param {object} time how to name moments: `ago`
   * @param {function(string)} onClose asks to close the session
   */
  constructor(host, texts, { ago, onClose }) {
    this._texts = texts;
    this._title = html('h2', { tabindex: -1 });
    this._facts = html('dl', { class: 'facts' });
    this._back = html('a', { href: '#', class: 'back' });
    this._close = html('button', { type: 'button', class: 'danger' });
    this._close.addEventListener('click', () => onClose(this._id));
    const [frames, ages] = [html('div'), html('div')];
    this._headings = [html('h3'), html('h3')];
    host.append(
      html('p', { class: 'top-row' }, this._back, this._close),
      html('section', { class: 'full' }, this._title, this._facts),
      html('section', {}, this._headings[0], frames),
      html('section', {}, this._headings[1], ages),
    );
    const names = { result: 'outcome.result', other: 'one.dropped', error: 'outcome.error', p50: 'age.mean', p95: 'age.oldest' };
    const name = (series) => texts.text(names[series]);
    this._frames = new TimeChart(frames, { ...rates(texts), series: ['result', 'other', 'error'], name, ago });
    this._ages = new TimeChart(ages, { ...milliseconds(texts), series: ['p50', 'p95'], name, ago });
  }

  /** The page has been opened: it begins at its top, for eyes and screen readers. */
  open(id) {
    this._title.textContent = this._texts.text('one.title', { id });
    this._title.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  /**
   * @param {string} id
   * @param {object|null} answer the gateway's; null: the session has ended
   */
  show(id, answer, mayAct) {
    const texts = this._texts;
    this._id = id;
    this._title.textContent = texts.text('one.title', { id });
    this._back.textContent = `← ${texts.text('one.back')}`;
    this._close.textContent = texts.text('act.close');
    this._close.hidden = !mayAct || answer === null;
    this._headings[0].textContent = texts.text('one.frames');
    this._headings[1].textContent = texts.text('one.age');
    this._showFacts(answer && answer.figures);
    const { frames, ages } = minute(answer ? answer.seconds : []);
    this._frames.show(frames, MINUTE_S, texts.text('one.frames'));
    this._ages.show(ages, MINUTE_S, texts.text('one.age'));
  }

  _showFacts(figures) {
    const texts = this._texts;
    if (figures === null) {
      this._facts.replaceChildren(html('dd', {}, texts.text('one.gone')));
      return;
    }
    const losses = Object.entries(figures.losses).map(([name, count]) => `${lossName(texts, name)} ${texts.number(count)}`);
    const facts = [
      ['session.client', figures.client || texts.text('unnamed')],
      ['session.address', figures.address],
      ['session.subject', figures.subject || '–'],
      ['session.model', modelOf(figures) || '–'],
      ['session.connected', texts.duration(figures.connected_s)],
      ['one.accepted', texts.number(figures.accepted)],
      ['one.results', texts.number(figures.results)],
      ['one.pending', texts.number(figures.pending)],
      ['one.losses', losses.join(', ') || texts.text('one.none')],
    ];
    this._facts.replaceChildren(...facts.map(([key, value]) => html('div', { class: key === 'one.losses' && 'wide' }, html('dt', {}, texts.text(key)), html('dd', {}, value))));
  }
}
