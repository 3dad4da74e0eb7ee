// The JavaScript client as a program for the kit: node conformance/adapters/javascript.mjs
// Before Node 22, with --experimental-websocket.

import { createInterface } from 'node:readline';

import { FramewireClient } from '../../static/client/index.js';

const STATES = { ready: 'ready', refused: 'refused' };

let client = null;
let labels = [];
let last = 'waiting';

function report(fields) {
  process.stdout.write(`${JSON.stringify(fields)}\n`);
}

function reportState({ name }) {
  const state = STATES[name] || 'waiting';
  if (state !== last) report({ state });
  last = state;
}

function reportResult(result, { name }) {
  const { boxes, scores = [], classes = [], ids, events, outputs = {}, corners, box_masks: masks, then } = result;
  const shapes = Object.fromEntries(Object.entries(outputs).map(([key, { shape }]) => [key, shape]));
  const named = classes.map((index) => labels[index] || String(index));
  const kinds = (events || []).map(({ kind }) => kind);
  report({
    frame: name,
    outcome: 'result',
    ...{ boxes, scores, classes, labels: named, ids, events: kinds, outputs: shapes, corners },
    masks: masks && masks.runs.map(cellsInside),
    second: then && then.answers.map(second),
  });
}

function cellsInside(runs) {
  return runs.length === 0 ? null : runs.reduce((sum, length, i) => sum + (i % 2) * length, 0);
}

function second(answer) {
  if (!answer || answer.missing) return answer;
  const { classes = [], labels: names = [] } = answer;
  return { classes, labels: classes.map((index, i) => names[i] || String(index)) };
}

const COMMANDS = {
  open({ url, options }) {
    last = 'waiting';
    client = new FramewireClient({
      url,
      hello: options,
      onState: reportState,
      onModel: (model) => (labels = model ? model.labels : []),
      onResult: reportResult,
      onDropped: ({ reason }, { name }) => report({ frame: name, outcome: 'dropped', reason }),
      onError: ({ code }, frame) => frame && report({ frame: frame.name, outcome: 'error', code }),
    });
    client.open();
  },
  offer({ frame, format, data }) {
    client.offer({ format, data: Buffer.from(data, 'base64'), name: frame });
  },
  configure({ options }) {
    client.configure(options);
  },
  close() {
    client.close();
    report({ closed: true });
  },
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line);
  COMMANDS[command.command](command);
});
