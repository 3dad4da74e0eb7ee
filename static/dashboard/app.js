/** Connects the parts: asks the gateway every second, and shows its answers. */

import { Acts } from './acts.js';
import { Gateway } from './gateway.js';
import { History } from './history.js';
import { Overview } from './overview.js';
import { SessionPage } from './session.js';
import { SessionTable } from './sessions.js';
import { Texts } from './texts.js';

const POLL_MS = 1000;
const RANGES = [60, 300, 900];
/** From here on, the list of sessions is asked for less often. */
const MANY_SESSIONS = 200;

const element = (id) => document.getElementById(id);
const texts = new Texts(storage('localStorage'), navigator.languages || [navigator.language || 'en']);
const gateway = new Gateway(new URL('..', document.baseURI), storage('sessionStorage'));
const history = new History();
const acts = new Acts(element, texts, gateway, announce);
const overview = new Overview(element, texts, ago);
const table = new SessionTable(element, texts);
const page = new SessionPage(element('session'), texts, { ago, onClose: (id) => acts.close(id) });

let figures = null;
let polls = 0;
let range = 300;
let state = 'connecting';
let session; // the answer about the one whose page is open; undefined before it is there

/** A moment `seconds` ago, in words. */
function ago(seconds) {
  if (seconds < 1) return texts.text('now');
  const unit = seconds % 60 === 0 ? texts.text('minutes', { n: seconds / 60 }) : texts.text('seconds', { n: Math.round(seconds) });
  return texts.text('ago', { time: unit });
}

/** The id in the page's address; null: the overview. */
function chosen() {
  const found = /^#session=([0-9a-f]+)$/.exec(location.hash);
  return found && found[1];
}

async function poll() {
  try {
    if (!document.hidden) await refresh();
    if (figures) setState(figures.ready ? 'ready' : 'not-ready');
  } catch (error) {
    if (error.status === undefined) throw error;
    setState(error.status === 401 ? 'denied' : 'lost');
    if (error.status === 401) acts.login((token) => tryToken(token));
  } finally {
    setTimeout(poll, POLL_MS);
  }
}

async function refresh() {
  let answer;
  do {
    answer = await gateway.figures(history.next);
    history.add(answer.samples, answer.next);
  } while (history.next < answer.next); // an answer holds a limited number of samples
  figures = answer;
  const id = chosen();
  if (id) session = await gateway.session(id);
  else if (polls % (figures.sessions > MANY_SESSIONS ? 5 : 1) === 0) table.show(await gateway.sessions());
  polls += 1;
  draw();
}

async function tryToken(token) {
  gateway.token = token;
  await gateway.figures(0);
}

function draw() {
  if (!figures) return;
  const id = chosen();
  element('overview').hidden = id !== null;
  element('session').hidden = id === null;
  element('ranges').hidden = id !== null;
  if (id && session !== undefined) page.show(id, session, figures.may_act);
  if (!id) overview.show(figures, history, range);
  acts.show(figures);
}

function setState(name) {
  state = name;
  document.documentElement.dataset.state = name;
  const text = texts.text(`state.${name}`);
  if (element('state').textContent !== text) element('state').textContent = text;
}

/** Show the result of an act for eight seconds. */
function announce(text, wrong) {
  const notice = element('notice');
  notice.textContent = text;
  notice.classList.toggle('wrong', wrong);
  notice.hidden = false;
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => (notice.hidden = true), 8000);
}

function setRange(seconds) {
  range = seconds;
  for (const button of element('ranges').children) {
    button.setAttribute('aria-pressed', String(Number(button.dataset.range) === range));
  }
  draw();
}

function changeLanguage() {
  texts.change();
  texts.fill(document);
  setState(state);
  table.draw();
  draw();
}

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches('input, select') || element('confirm').open) return;
  const run = {
    1: () => setRange(RANGES[0]),
    2: () => setRange(RANGES[1]),
    3: () => setRange(RANGES[2]),
    l: changeLanguage,
    '/': () => element('filter').focus(),
    escape: () => (location.hash = ''),
  }[event.key.toLowerCase()];
  if (!run) return;
  event.preventDefault();
  run();
}

function storage(name) {
  try {
    return window[name];
  } catch {
    return null;
  }
}

element('language').addEventListener('click', changeLanguage);
element('ranges').addEventListener('click', ({ target }) => target.dataset.range && setRange(Number(target.dataset.range)));
addEventListener('keydown', key);
addEventListener('hashchange', () => {
  session = undefined;
  draw();
  if (chosen()) page.open(chosen());
  refresh().catch(() => {}); // the next poll says what is wrong
});
texts.fill(document);
setState(state);
poll();
