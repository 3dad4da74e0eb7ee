// A phone that is told what to do: one JSON object a line in, one a line out.

import { createInterface } from 'node:readline';

import { Phone } from './phone.mjs';

const ways = {}; // the newest answer of each way to make a frame
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
    for (const way of Object.keys(ways)) delete ways[way];
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
  const { client, state } = page.connection || page; // a page of somebody else's has its own
  if (page.latest) note(page.latest);
  return {
    data: page.data,
    state: state && state.name,
    strokes: phone.canvases.overlay.strokes,
    texts: phone.canvases.overlay.texts,
    stats: client ? client.stats() : null,
    ways,
    answer: page.latest ? told(page.latest) : null,
    sockets: phone.sockets.count(),
    opened: phone.sockets.opened,
    listeners: phone.camera.listeners(),
    logins: phone.logins,
    asked: phone.asked,
    told: phone.told,
    title: phone.title,
    stored: Object.fromEntries(phone.storage),
  };
}

function note(latest) {
  ways[latest.frame.way] = told(latest);
}

function told({ result, frame: { width, height, format, view } }) {
  return { ...result, frame: { width, height, format, view } };
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
