/** Wires the page together: sources, encoder, client, view and words. */

import { FramewireClient } from '../client/index.js';
import { SourcePicker } from './source-picker.js';
import { Pipeline } from './pipeline.js';
import { Statistics } from '../client/statistics.js';
import { makeEncoder } from './jpeg.js';
import { Language } from './language.js';
import { Notice } from './notice.js';
import { Panel } from './panel.js';
import { Liveness } from '../client/liveness.js';
import { listenForKeys } from './shortcuts.js';
import { listenForToken, tokenOf } from './token.js';
import { View } from './view.js';

const BEAT_MS = 250;
const CONFIGURE_AFTER_MS = 150;

const element = (id) => document.getElementById(id);
const now = () => performance.now();

const language = new Language(storage(), navigator.languages || [navigator.language || 'en']);
const notice = new Notice(element, language);
const panel = new Panel(element, language);
const figures = new Statistics();
const pulse = new Liveness();
const view = new View(element('canvas'));
const status = {
  client: { name: 'connecting' },
  isRetry: false,
  backendGone: false,
  silence: null,
  paused: false,
  hidden: document.visibilityState === 'hidden',
};
let session = null;

const client = new FramewireClient({
  url: socketAddress(),
  hello: { ...wishes(), min_score: minScore() },
  now,
  onState: (state) => {
    status.isRetry = state.name === 'connecting' && status.client.name === 'reconnecting';
    status.client = state;
    status.backendGone = false;
    pulse.restart(now());
    refresh();
    if (feed.answering) feed.resend();
  },
  onWelcome: (welcome) => {
    session = welcome.session;
    feed.maxPixels = welcome.limits.max_pixels;
    pulse.maxStalenessMs = welcome.limits.max_staleness_ms;
  },
  onModel: (model) => {
    feed.model = model;
    panel.model(model, session);
    feed.resend();
  },
  onResult: (result, frame) => {
    feed.result(result, frame);
    setBackendGone(false);
    if (status.silence) refresh();
    panel.found(view.answer());
    showAge();
  },
  onDropped: (message, frame) => feed.dropped(message, frame),
  onError: (error, frame) => {
    if (error.code === 'backend_unavailable') setBackendGone(true);
    feed.failed(error, frame);
  },
});

const feed = new Pipeline({
  client,
  encoder: makeEncoder(),
  view,
  figures,
  pulse,
  onProblem: (error) => notice.problem('problem.page_failed', { message: error.message }),
});

const choice = new SourcePicker({
  element,
  language,
  onPicture: (source, capturedAt) => feed.picture(source, capturedAt),
  onSource: (source, isWish) => {
    feed.use(source);
    if (isWish && status.paused) pauseChanged();
    feed.resend();
  },
  onProblem: (key, values) => notice.problem(key, values),
  say: (key) => notice.say(key ? language.text(key) : ''),
});

function setBackendGone(gone) {
  if (gone === status.backendGone) return;
  status.backendGone = gone;
  refresh();
}

/** Everything that follows from the state; cheap enough for every beat. */
function refresh() {
  status.silence = pulse.silence(now());
  const name = notice.show(status, now());
  feed.answering = status.client.name === 'ready' && !status.backendGone && !status.silence;
  choice.rest(status.paused || status.hidden);
  document.title = name === 'paused' || name === 'hidden' ? '⏸ Framewire' : 'Framewire';
}

function beat() {
  if (status.hidden) return;
  refresh();
  panel.figures(figures.snapshot(now()), client.stats().tripMs);
  panel.curve(figures.curve(now()));
  panel.sending(feed.lastSent);
  panel.found(view.answer());
  showAge();
}

/** A still picture does not age; of a film, a stale frame should not pass for a fresh one. */
function showAge() {
  const taken = choice.current && !choice.current.isStill ? feed.lastCapturedAt : null;
  panel.age(taken === null ? null : now() - taken);
}

function minScore() {
  return Number(element('score').value) / 100;
}

let configureTimer = 0;

/** Boxes follow the slider at once; the server is told when it rests. */
function scoreChanged() {
  element('score-text').textContent = `${element('score').value} %`;
  view.setMinScore(minScore());
  panel.found(view.answer());
  clearTimeout(configureTimer);
  configureTimer = setTimeout(() => {
    client.configure({ min_score: minScore() });
    feed.resend();
  }, CONFIGURE_AFTER_MS);
}

function pauseChanged() {
  status.paused = !status.paused;
  element('pause').classList.toggle('on', status.paused);
  tellPause();
  pulse.restart(now());
  refresh();
}

function tellPause() {
  element('pause-text').textContent = language.text(status.paused ? 'source.resume' : 'source.pause');
}

/** Puts every word of the page into the chosen language. */
function tell() {
  document.documentElement.lang = language.name;
  language.fill(document);
  tellPause();
  notice.retell();
  choice.retell();
  panel.model(feed.model, session);
  beat();
}

function changeLanguage() {
  language.change();
  tell();
}

function nudgeScore(by) {
  const slider = element('score');
  slider.value = String(Number(slider.value) + by);
  scoreChanged();
}

/** The gateway's WebSocket lies beside this page, also below a proxy's prefix. */
function socketAddress() {
  const address = new URL('ws', document.baseURI);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  address.search = address.hash = '';
  return address.href;
}

/**
 * What the page's own address asks for: ?model=, ?label= or ?version=, and #token=.
 */
function wishes() {
  const query = new URLSearchParams(location.search);
  const asked = {};
  for (const name of ['model', 'label']) if (query.has(name)) asked[name] = query.get(name);
  if (query.has('version')) asked.version = Number(query.get('version'));
  const token = tokenOf(location.hash);
  return token ? { ...asked, token } : asked;
}

/** Where choices are remembered, if the browser allows that. */
function storage() {
  try {
    return window.localStorage;
  } catch (error) {
    return null;
  }
}

element('score').addEventListener('input', scoreChanged);
element('pause').addEventListener('click', pauseChanged);
element('language').addEventListener('click', changeLanguage);
element('retry').addEventListener('click', () => client.open());
element('full').addEventListener('change', ({ target }) => {
  feed.full = target.checked;
  feed.resend();
});
document.addEventListener('visibilitychange', () => {
  status.hidden = document.visibilityState === 'hidden';
  pulse.restart(now());
  refresh();
});
addEventListener('online', () => status.client.name === 'reconnecting' && client.open());
addEventListener('pagehide', () => client.close());
addEventListener('pageshow', ({ persisted }) => persisted && client.open());
listenForKeys({
  choose: (name) => choice.choose(name),
  pause: pauseChanged,
  score: nudgeScore,
  language: changeLanguage,
});

listenForToken(element, (token) => {
  client.configure({ token });
  client.open();
});

/** For tests and for the curious in the console. */
window.framewire = Object.freeze({
  stats: () => ({ ...client.stats(), figures: figures.snapshot(now()) }),
  lastResult: () => feed.lastResult,
});

async function start() {
  view.setMinScore(minScore());
  tell();
  client.open();
  setInterval(beat, BEAT_MS);
  await choice.choose('scene');
  if (new URLSearchParams(location.search).get('source') === 'camera') choice.choose('camera');
}

start();
