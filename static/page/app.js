/** Connects the page's parts: sources, encoder, client, view and messages. */

import { FramewireClient } from '../client/index.js';
import { Liveness } from '../client/liveness.js';
import { Statistics } from '../client/statistics.js';
import { Chart } from './chart.js';
import { Counting } from './counting.js';
import { rememberFolds } from './folds.js';
import { Fullscreen } from './fullscreen.js';
import { Hint } from './hint.js';
import { makeEncoder } from './jpeg.js';
import { Language } from './language.js';
import { LivePreview } from './live-preview.js';
import { ModelPicker } from './model-picker.js';
import { Notice } from './notice.js';
import { Options } from './options.js';
import { Panel } from './panel.js';
import { PhoneDialog } from './phone-dialog.js';
import { Pipeline } from './pipeline.js';
import { resultOptions } from '../tasks/predictions.js';
import { isFull } from './rejection.js';
import { Saving } from './saving.js';
import { sessionOptions, socketAddress } from './session-options.js';
import { readSettings } from './shared-settings.js';
import { Sharing } from './sharing.js';
import { listenForKeys } from './shortcuts.js';
import { SourcePicker } from './source-picker.js';
import { SERVER_FULL } from './status.js';
import { storage } from './storage.js';
import { listenForToken } from './token.js';
import { View } from './view.js';

const REFRESH_MS = 250;
const CONFIGURE_DELAY_MS = 150;

const element = (id) => document.getElementById(id);
const now = () => performance.now();

const shared = readSettings(location.search);
const language = new Language(storage(), shared.lang, navigator.languages || [navigator.language || 'en']);
const notice = new Notice(element, language, (remedy) => (remedy === 'phone' ? phone.open() : picker.choose(remedy)));
const panel = new Panel(element, language);
const chart = new Chart(element, language);
const statistics = new Statistics();
const liveness = new Liveness();
const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
const counting = new Counting({
  element,
  language,
  storage: storage(),
  onMove: () => view.draw(),
  onChange: () => {
    configureTracking();
    view.draw();
  },
});
const view = new View(element('canvas'), {
  decorate: (context, rect) => counting.draw(context, rect),
  onPlace: (rect) => counting.place(rect),
});
const live = new LivePreview(view, isCalm);
const options = new Options({
  element,
  language,
  storage: storage(),
  shared,
  isCalm,
  onScore: scoreChanged,
  onClasses: classesChanged,
  onOpacity: (opacity) => {
    view.setOpacity(opacity);
    sharing.update();
  },
  onMode: (mode) => {
    pipeline.isLive = mode === 'live';
    counting.enable(mode !== null);
    configureTracking();
    sharing.update();
  },
  onFull: (isFull) => {
    pipeline.fullSize = isFull;
    pipeline.resend();
    sharing.update();
  },
});
const conditions = {
  client: { name: 'connecting' },
  loss: null,
  backendGone: false,
  stall: null,
  paused: false,
  hidden: document.visibilityState === 'hidden',
};

const client = new FramewireClient({
  url: socketAddress(),
  hello: { ...sessionOptions(), min_score: options.minScore, then: true },
  now,
  onState: stateChanged,
  onWelcome: ({ limits, features = [] }) => {
    pipeline.maxPixels = limits.max_pixels;
    liveness.maxStalenessMs = limits.max_staleness_ms;
    options.update({ features });
  },
  onModel: (model) => {
    pipeline.model = model;
    panel.model(model);
    hint.update({ model });
    requestResults();
    models.update(model);
    options.update({ model });
    pipeline.resend();
  },
  onResult: (result, frame) => {
    counting.update(result); // first, since counts and trails are drawn with the picture
    pipeline.result(result, frame);
    setBackendGone(false);
    if (conditions.stall) refresh();
    // Numbers that every frame changes could not be read; the timer updates them.
    if (result.scores) panel.result(view.predictions());
    showAge();
  },
  onDropped: (message, frame) => pipeline.dropped(message, frame),
  onError: (error, frame) => {
    if (error.code === 'backend_unavailable') setBackendGone(true);
    if (frame) pipeline.failed(error, frame); // otherwise no frame is lost
  },
});

const pipeline = new Pipeline({
  client,
  encoder: makeEncoder(),
  view,
  live,
  statistics,
  liveness,
  onError: (error) => notice.problem('problem.page_failed', { message: error.message }),
});

const picker = new SourcePicker({
  element,
  language,
  onPicture: (source, capturedAt) => pipeline.picture(source, capturedAt),
  onSource: (source, isChosen) => {
    pipeline.use(source);
    counting.clear();
    options.update({ source });
    hint.update({ source });
    if (isChosen) sharing.update();
    if (isChosen && conditions.paused) togglePause();
    pipeline.resend();
  },
  onProblem: (key, values) => notice.problem(key, values),
  announce: (key) => notice.announce(key ? language.text(key) : ''),
});

const hint = new Hint({ element, language, onCamera: () => picker.choose('camera') });
const fullscreen = new Fullscreen(element);
const saving = new Saving({ element, language, notice, view, pipeline });
const sharing = new Sharing({
  element,
  language,
  notice,
  settings: () => ({ ...options.settings(), source: picker.shared, lang: shared.lang && language.name }),
});
const phone = new PhoneDialog({ element, language, address: () => sharing.address });

const models = new ModelPicker({
  element,
  language,
  asked: sessionOptions(),
  onChoose: (options) => {
    live.clear();
    counting.clear();
    client.configure(options);
  },
});
models.token = sessionOptions().token || null;

/** By key, out of sight of the buttons. */
function toggleBoxes() {
  const mode = options.toggleBoxes();
  if (mode) notice.announce(language.text(`option.boxes.${mode}`));
}

/** Boxes that keep up need tracking, and so does whatever is counted. */
function configureTracking() {
  client.configure({ track: pipeline.isLive || counting.isActive, ...counting.options() });
}

function stateChanged(state) {
  conditions.client = state;
  if (state.name === 'reconnecting') lost(state);
  else if (state.name !== 'connecting') conditions.loss = null;
  conditions.backendGone = false;
  live.clear(); // a new session counts its ids from the start
  counting.clear();
  liveness.restart(now());
  refresh();
  if (pipeline.isAnswering) pipeline.resend();
}

/** What was known about the loss before stays until the server has been asked again. */
async function lost(state) {
  const loss = { ...state, code: (conditions.loss || state).code };
  conditions.loss = loss;
  const full = await isFull(socketAddress());
  if (conditions.loss !== loss) return; // connected, or lost once more
  loss.code = full ? SERVER_FULL : state.code;
  refresh();
}

function setBackendGone(gone) {
  if (gone === conditions.backendGone) return;
  conditions.backendGone = gone;
  refresh();
}

/** Apply everything that follows from the conditions. */
function refresh() {
  conditions.stall = liveness.stall(now());
  const name = notice.show(conditions, now());
  const { client: state, backendGone, stall } = conditions;
  pipeline.isAnswering = state.name === 'ready' && !backendGone && !stall;
  picker.rest(conditions.paused || conditions.hidden);
  document.title = name === 'paused' || name === 'hidden' ? '⏸ Framewire' : 'Framewire';
}

function tick() {
  if (conditions.hidden) return;
  refresh();
  panel.statistics(statistics.snapshot(now()), client.stats().tripMs);
  chart.draw(statistics.history(now()));
  panel.sending(pipeline.lastSent);
  panel.result(view.predictions());
  showAge();
}

/** A still image does not age. A stale frame of a moving source must not pass for a fresh one. */
function showAge() {
  const mayBeLate = picker.current && !picker.current.isStill && !pipeline.isLive;
  const capturedAt = mayBeLate ? pipeline.lastCapturedAt : null;
  panel.age(capturedAt === null ? null : now() - capturedAt);
}

let configureTimer = 0;

/** Ask for the results that the model's task and the slider call for, when that rests. */
function requestResults() {
  clearTimeout(configureTimer);
  configureTimer = setTimeout(() => {
    client.configure(resultOptions(pipeline.model, options.minScore));
    pipeline.resend();
  }, CONFIGURE_DELAY_MS);
}

/** What is drawn follows the slider immediately. */
function scoreChanged() {
  view.setMinScore(options.minScore);
  panel.result(view.predictions());
  requestResults();
  sharing.update();
}

function classesChanged() {
  view.setFilter((index) => options.shows(index));
  panel.result(view.predictions());
  sharing.update();
}

function togglePause() {
  conditions.paused = !conditions.paused;
  element('pause').classList.toggle('on', conditions.paused);
  showPause();
  liveness.restart(now());
  refresh();
}

function showPause() {
  const key = conditions.paused ? 'source.resume' : 'source.pause';
  element('pause-text').textContent = language.text(key);
  element('pause-icon').setAttribute('href', conditions.paused ? '#icon-play' : '#icon-pause');
}

/** Show every text in the current language. */
function translate() {
  document.documentElement.lang = language.tag;
  language.fill(document);
  showPause();
  for (const part of [notice, picker, counting, models, options, hint]) part.translate();
  panel.model(pipeline.model);
  tick();
}

function changeLanguage() {
  language.change();
  translate();
  sharing.update();
}

element('pause').addEventListener('click', togglePause);
element('language').addEventListener('click', changeLanguage);
element('retry').addEventListener('click', () => client.open());
document.addEventListener('visibilitychange', () => {
  conditions.hidden = document.visibilityState === 'hidden';
  liveness.restart(now());
  refresh();
});
addEventListener('online', () => conditions.client.name === 'reconnecting' && client.open());
addEventListener('pagehide', () => client.close());
addEventListener('pageshow', ({ persisted }) => persisted && client.open());
listenForKeys({
  choose: (name) => picker.choose(name),
  pause: togglePause,
  score: (by) => options.stepScore(by),
  letters: {
    b: toggleBoxes,
    f: () => fullscreen.toggle(),
    j: () => saving.json(),
    l: changeLanguage,
    s: () => saving.picture(),
  },
});
listenForToken(element, (token) => {
  models.token = token;
  client.configure({ token });
  client.open();
});

/** For tests and the console. */
window.framewire = Object.freeze({
  stats: () => ({ ...client.stats(), statistics: statistics.snapshot(now()) }),
  lastResult: () => pipeline.lastResult,
  place: () => view.place,
});

async function start() {
  rememberFolds(document.querySelectorAll('details[id]'), storage());
  pipeline.fullSize = options.isFull;
  view.setMinScore(options.minScore);
  view.setOpacity(options.opacity);
  translate();
  client.open();
  setInterval(tick, REFRESH_MS);
  await picker.choose('scene');
  if (shared.source === 'camera') await picker.choose('camera');
  sharing.start();
}

start();
