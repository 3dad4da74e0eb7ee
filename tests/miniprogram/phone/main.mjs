// A phone under remote control: one JSON object per line in, one per line out.

import { createInterface } from 'node:readline';

import { Phone } from './phone.mjs';

const encodings = {}; // the latest result per encoding
let phone = null;

const ACTS = {
  phone: (options) => {
    phone = new Phone(options);
  },
  open: ({ page }) => {
    phone.open(page);
  },
  foreign: ({ source }) => {
    phone.openForeign(source);
  },
  call: async ({ method, event }) => {
    await phone.page[method](event);
  },
  show: () => {
    phone.page.onShow();
  },
  hide: () => {
    phone.page.onHide();
  },
  point: (frame) => {
    phone.camera.point(frame);
    for (const name of Object.keys(encodings)) delete encodings[name];
  },
  film: (film) => {
    phone.camera.play(film);
  },
  blind: () => {
    phone.camera.frame = null;
  },
  network: ({ online }) => {
    phone.network(online);
  },
  cut: () => {
    phone.sockets.cut();
  },
  set: (changes) => {
    Object.assign(phone, changes);
  },
  remember: ({ key, value }) => {
    phone.storage.set(key, JSON.stringify(value));
  },
  look: () => look(),
};

function look() {
  const { page } = phone;
  const { client, state } = page.connection || page; // another developer's page has its own
  if (page.latest) note(page.latest);
  return {
    data: page.data,
    state: state && state.name,
    strokes: phone.canvases.overlay.strokes,
    texts: phone.canvases.overlay.texts,
    photo: { strokes: phone.canvases.marks.strokes, texts: phone.canvases.marks.texts },
    filmFrame: phone.camera.filmFrame(),
    stats: client ? client.stats() : null,
    encodings,
    answer: page.latest ? summary(page.latest) : null,
    sockets: phone.sockets.count(),
    opened: phone.sockets.opened,
    listeners: phone.camera.listeners(),
    visionSessions: phone.visionSessions.size,
    visionDrawn: phone.canvases.vision.drawn,
    logins: phone.logins,
    asked: phone.asked,
    opensSystem: phone.opensSystem,
    told: phone.told,
    title: phone.title,
    stored: Object.fromEntries(phone.storage),
  };
}

function note(latest) {
  encodings[latest.frame.encoding] = summary(latest);
}

function summary({ result, frame: { width, height, format, orientation } }) {
  return { ...result, frame: { width, height, format, orientation } };
}

for await (const line of createInterface({ input: process.stdin })) {
  const { act, ...details } = JSON.parse(line);
  let answer;
  try {
    answer = { done: (await ACTS[act](details)) || null };
  } catch (error) {
    answer = { failed: error.stack };
  }
  console.log(JSON.stringify(answer, (_, value) => (value === Infinity ? Number.MAX_VALUE : value)));
}
process.exit(0);
