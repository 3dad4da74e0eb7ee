// The dashboard's parts that need no browser: samples, percentiles, series, axes, tables, texts.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { test } from 'node:test';

import { arrange } from '../../static/dashboard/arrange.js';
import { nearest, roundUp, runs, stack, ticks, timeTicks } from '../../static/dashboard/axes.js';
import { Gateway } from '../../static/dashboard/gateway.js';
import { History, MOST_SAMPLES } from '../../static/dashboard/history.js';
import { tiles } from '../../static/dashboard/overview.js';
import { quantile, sum } from '../../static/dashboard/quantiles.js';
import { KINDS, ageBands, batchSizes, frameRates, groups, kindOf, meanBatch, serverRates, versions } from '../../static/dashboard/series.js';
import { lossName, minute } from '../../static/dashboard/session.js';
import { arranged, keepOrder } from '../../static/dashboard/sessions.js';
import { MESSAGES, Texts } from '../../static/dashboard/texts.js';
import { dice } from './puppet.mjs';

const ROOM = new URL('../../static/dashboard/', import.meta.url);
const BOUNDS = Array.from({ length: 193 }, (_, i) => 10 ** (i / 48)); // ms, as the gateway has them

const sample = (n, changes = {}) => ({
  n, span_s: 1, outcomes: {}, ages: [], batches: [], batched: 0, versions: [], backends: {}, calls: 0, max_calls: 4, ...changes,
});
const texts = (name) => new Texts(null, [name]);

test('a tile and a column of one name show one thing', () => {
  const named = (messages, prefix) => Object.entries(messages).filter(([key]) => key.startsWith(`${prefix}.`));
  for (const messages of Object.values(MESSAGES)) {
    for (const [tile, text] of named(messages, 'tile')) {
      for (const [column, other] of named(messages, 'version')) {
        if (text === other) assert.equal(tile.split('.')[1], column.split('.')[1], text);
      }
    }
  }
});

test('percentiles of ages in the gateway’s buckets are within 5 %', () => {
  const random = dice(5);
  for (let round = 0; round < 20; round += 1) {
    const values = Array.from({ length: 500 + random(2000) }, () => 2 + (random(1000) ** 3) / 1e6).sort((one, other) => one - other);
    const counts = new Map();
    for (const value of values) {
      const bucket = BOUNDS.findIndex((bound) => value <= bound);
      counts.set(bucket, (counts.get(bucket) || 0) + 1);
    }
    for (const q of [0.5, 0.95, 0.99]) {
      const exact = values[Math.ceil(q * values.length) - 1];
      const found = quantile(sum([[...counts]]), BOUNDS, q);
      assert.ok(Math.abs(found / exact - 1) < 0.05, `${q}: ${found} for ${exact}`);
    }
  }
});

test('percentiles have an end, and need values', () => {
  assert.equal(quantile(new Map(), BOUNDS, 0.5), null);
  assert.equal(quantile(new Map([[3, 1]]), [1, 2], 0.99), 2); // beyond the last bound
  assert.equal(quantile(new Map([[0, 4]]), [8, 16], 0.5), 4);
});

test('samples of fifteen minutes are kept, each once, whatever is sent twice', () => {
  const history = new History();
  assert.equal(history.next, 0);
  for (let n = 0; n < MOST_SAMPLES + 50; n += 10) {
    history.add(Array.from({ length: 20 }, (_, i) => sample(n + i)), n + 20);
  }
  const all = history.last(10 * MOST_SAMPLES);
  assert.equal(all.length, MOST_SAMPLES);
  all.forEach(({ n }, i) => assert.equal(n, all[0].n + i));
  assert.deepEqual(history.last(2).map(({ n }) => n), [history.next - 2, history.next - 1]);
});

test('after the gateway’s restart the history begins anew', () => {
  const history = new History();
  history.add([sample(0), sample(1), sample(2)], 3);
  history.add([], 1); // what it has is below what was asked for
  assert.equal(history.next, 0);
  history.add([sample(0)], 1);
  assert.equal(history.last(9).length, 1);
});

test('outcomes become kinds', () => {
  const kinds = { result: 'result', 'dropped superseded': 'superseded', 'dropped expired': 'expired', 'dropped rate_limited': 'other', 'dropped disconnected': 'other', 'error bad_frame': 'error' };
  for (const [outcome, kind] of Object.entries(kinds)) assert.equal(kindOf(outcome), kind);
});

test('rates are by the time that samples really cover', () => {
  const samples = [sample(0, { outcomes: { result: 40 } }), sample(1, { span_s: 2, outcomes: { result: 40, 'error internal': 2 } })];
  const points = frameRates(samples, 60);
  assert.deepEqual(points.map(({ age }) => age), [1, 0]);
  assert.deepEqual(points.map(({ values }) => values[0]), [40, 20]);
  assert.equal(points[1].values[KINDS.indexOf('error')], 1);
  const long = frameRates(Array.from({ length: 900 }, (_, n) => sample(n, { outcomes: { result: 30 } })), 900);
  assert.ok(long.length <= 181);
  assert.ok(long.every(({ values }) => values[0] === 30));
});

test('points stay where they are while time goes on', () => {
  const all = Array.from({ length: 903 }, (_, n) => sample(n));
  const numbers = (samples) => groups(samples, 900).map(({ samples: group }) => group.map(({ n }) => n).join());
  const [before, after] = [numbers(all.slice(0, 902)), numbers(all)];
  assert.deepEqual(after.slice(1, -1), before.slice(1, after.length - 1));
});

test('only samples within the range count', () => {
  const samples = [sample(0), sample(100), sample(110)];
  assert.deepEqual(groups(samples, 60).map(({ age }) => age), [10, 0]);
  assert.deepEqual(groups([], 60), []);
});

test('ages are bands, with a gap where nothing was answered', () => {
  const bands = ageBands([sample(0, { ages: [[48, 100]] }), sample(1)], 60, BOUNDS);
  const [p50, p95, p99] = bands[0].values;
  assert.ok(p50 < p95 && p95 < p99 && p50 > BOUNDS[47] && p99 <= BOUNDS[48]);
  assert.equal(bands[1].values, null);
});

test('calls are counted by batch size', () => {
  const samples = [sample(0, { batches: [[0, 3]], batched: 3 }), sample(1, { batches: [[2, 1]], batched: 4 })];
  const sizes = batchSizes(samples, [1, 2, 4, 8]);
  assert.deepEqual(sizes.map(({ over, upTo, calls }) => [over, upTo, calls]), [[0, 1, 3], [1, 2, 0], [2, 4, 1]]);
  assert.deepEqual(sizes.map(({ share }) => share), [0.75, 0, 0.25]);
  assert.equal(meanBatch(samples), 7 / 4);
  assert.equal(meanBatch([sample(0)]), null);
  assert.equal(batchSizes([sample(0, { batches: [[4, 1]] })], [1, 2, 4, 8])[4].upTo, null);
});

test('versions have their share, their errors and their sessions', () => {
  const samples = [
    sample(0, { versions: [{ model: 'digits', version: '1', results: 30, errors: {} }] }),
    sample(1, { versions: [{ model: 'digits', version: '2', results: 10, errors: { expired: 5, model_failed: 5 } }] }),
  ];
  const sessions = [
    { model: 'digits', version: 2, label: 'canary', sessions: 1 },
    { model: 'digits', version: 1, label: 'stable', sessions: 3 },
    { model: 'digits', version: 1, label: null, sessions: 2 },
  ];
  const [two, one] = versions(samples, samples.slice(1), sessions);
  assert.deepEqual([one.version, one.labels, one.sessions, one.share, one.resultsPerS, one.failureShare], ['1', ['stable'], 5, 0.75, 0, 0]);
  assert.deepEqual([two.labels, two.share, two.resultsPerS, two.failureShare], [['canary'], 0.25, 10, 0.5]);
  assert.deepEqual(serverRates([sample(0, { backends: { a: 4 } }), sample(1, { backends: { a: 2 } })]), { a: 3 });
});

test('axes end at a round number', () => {
  assert.deepEqual(ticks(95), [0, 25, 50, 75, 100]);
  assert.deepEqual(ticks(100), [0, 25, 50, 75, 100]);
  assert.equal(ticks(0)[0], 0);
  const random = dice(9);
  for (let i = 0; i < 500; i += 1) {
    const most = (1 + random(10000)) / (1 + random(100));
    const all = ticks(most);
    assert.ok(all[all.length - 1] >= most && all.length >= 3 && all.length <= 6, `${most}: ${all}`);
  }
  assert.equal(roundUp(3), 5);
});

test('times fit their axis', () => {
  assert.deepEqual(timeTicks(60, 600), [0, 15, 30, 45, 60]);
  assert.deepEqual(timeTicks(300, 600), [0, 60, 120, 180, 240, 300]);
  assert.deepEqual(timeTicks(300, 300), [0, 120, 240]);
  assert.deepEqual(timeTicks(900, 10), [0, 900]);
});

test('points are stacked, cut and found', () => {
  assert.deepEqual(stack([{ age: 0, values: [1, 2, 3] }])[0].values, [1, 3, 6]);
  const points = [{ age: 40, values: [1] }, { age: 39, values: null }, { age: 38, values: [1] }, { age: 10, values: [1] }, { age: 9, values: [1] }];
  assert.deepEqual(runs(points, 12).map((run) => run.length), [1, 1, 2]);
  assert.equal(nearest(points, 12), 3);
  assert.equal(nearest([], 0), -1);
});

test('rows are filtered by all words and sorted, those without a value last', () => {
  const rows = [{ name: 'Gate 10', age: 5 }, { name: 'gate 9', age: null }, { name: 'Yard', age: 7 }];
  const view = { filter: '', texts: ({ name }) => [name], value: ({ age }) => age, descending: true };
  const names = (changes) => arrange(rows, { ...view, ...changes }).map(({ name }) => name);
  assert.deepEqual(names({}), ['Yard', 'Gate 10', 'gate 9']);
  assert.deepEqual(names({ descending: false }), ['Gate 10', 'Yard', 'gate 9']);
  assert.deepEqual(names({ filter: ' 1 GATE' }), ['Gate 10']);
  assert.deepEqual(names({ value: ({ name }) => name, descending: false }), ['gate 9', 'Gate 10', 'Yard']);
  assert.equal(rows[0].name, 'Gate 10'); // the rows themselves stay as they are
});

test('rows in use keep their order, and new ones are last', () => {
  const rows = ['d', 'c', 'b', 'a'].map((id) => ({ id }));
  assert.deepEqual(keepOrder(rows, ['a', 'gone', 'b']).map(({ id }) => id), ['a', 'b', 'd', 'c']);
});

test('losses and long times are put into words', () => {
  const texts = new Texts(null, ['en']);
  const names = ['dropped expired', 'dropped overtaken', 'error model_failed'].map((loss) => lossName(texts, loss));
  assert.deepEqual(names, ['Expired', 'Overtaken', 'Error (model_failed)']);
  assert.deepEqual([texts.tick(750, 'ms'), texts.tick(1500, 'ms'), texts.tick(1500)], ['750 ms', '1.5 s', '1,500']);
});

test('sessions are found by id, client, address, subject and model', () => {
  const rates = { results: 1, lost: 0, age_ms: null, oldest_ms: null };
  const one = { id: 'abc123', client: 'camera', address: '10.0.0.1', subject: 'gate', model: 'digits', version: 2, label: 'canary', connected_s: 1, rates };
  const other = { ...one, id: 'fff', client: null, subject: null, model: null, address: '::1', rates: { ...rates, lost: 3 } };
  const shown = (filter, column = 'lost') => arranged([one, other], { filter, column, descending: true }).map(({ id }) => id);
  assert.deepEqual(shown(''), ['fff', 'abc123']);
  for (const word of ['bc1', 'camera', '10.0', 'GATE', 'digits 2', 'canary']) assert.deepEqual(shown(word), ['abc123'], word);
  for (const column of ['client', 'subject', 'model']) assert.deepEqual(shown('', column), ['abc123', 'fff'], column);
});

test('a session’s minute has a point for every second', () => {
  const { frames, ages } = minute([{ at: 3, results: 2, dropped: 1, errors: 0, age_ms: 30, oldest_ms: 20 }, { at: 1, results: 0, dropped: 4, errors: 1, age_ms: 0, oldest_ms: 0 }]);
  assert.deepEqual([frames.length, frames[0].age, frames[59].age], [60, 60, 1]);
  assert.deepEqual(frames.slice(-3).map(({ values }) => values), [[2, 1, 0], [0, 0, 0], [0, 4, 1]]);
  assert.deepEqual(ages.slice(-3).map(({ values }) => values), [[15, 20], null, null]);
});

test('the figures at the top, with and without frames', () => {
  const figures = { age_bounds_ms: BOUNDS, sessions: 3, max_sessions: 1024 };
  const busy = [sample(0, { outcomes: { result: 30, 'dropped expired': 10 }, ages: [[96, 30]], batches: [[0, 30]], batched: 30, calls: 5 })];
  const shown = Object.fromEntries(tiles(texts('en'), figures, busy));
  assert.deepEqual([shown.results, shown.lost, shown.batch, shown.sessions, shown.calls], ['30.0', '25 %', '1.0', '3 of 1,024', '5, limit 4']);
  assert.match(shown.age, /^9\d ms$|^98 ms$|^10\d ms$/);
  const idle = Object.fromEntries(tiles(texts('en'), figures, []));
  assert.deepEqual([idle.results, idle.lost, idle.age, idle.batch, idle.calls], ['–', '–', '–', '–', '–']);
});

test('numbers are short, and in the user’s language', () => {
  const en = texts('en-GB');
  assert.deepEqual([en.ms(4.23), en.ms(48.7), en.ms(12345), en.ms(null)], ['4.2 ms', '49 ms', '12.3 s', '–']);
  assert.deepEqual([en.rate(0), en.rate(12.34), en.rate(1234.5)], ['0', '12.3', '1,235']);
  assert.deepEqual([en.share(0.001), en.share(0.5), en.share(null)], ['0.1 %', '50 %', '–']);
  assert.deepEqual([en.duration(59), en.duration(600), en.duration(7500)], ['59 s', '10 min', '2 h 05']);
  assert.equal(texts('zh-TW').duration(59), '59 秒');
  assert.equal(texts('fr').name, 'en');
});

test('the language is remembered', () => {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  const chosen = new Texts(storage, ['en']);
  chosen.change();
  assert.equal(new Texts(storage, ['en']).name, 'zh');
});

test('both languages have the same texts, and the page uses each', async () => {
  const slots = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
  assert.deepEqual(Object.keys(MESSAGES.zh), Object.keys(MESSAGES.en));
  const names = (await readdir(ROOM)).filter((name) => !name.startsWith('messages'));
  const sources = (await Promise.all(names.map((name) => readFile(new URL(name, ROOM), 'utf8')))).join('');
  const computed = /^(state|tile|outcome|age|server|version|session)\./;
  for (const [key, text] of Object.entries(MESSAGES.en)) {
    assert.deepEqual(slots(MESSAGES.zh[key]), slots(text), key);
    assert.ok(text.trim() && MESSAGES.zh[key].trim(), key);
    assert.ok(computed.test(key) || sources.includes(`'${key}'`) || sources.includes(`"${key}"`), `${key} is not used`);
  }
  for (const [, key] of sources.matchAll(/data-(?:text|label|hint)="([^"]+)"/g)) assert.ok(key in MESSAGES.en, key);
});

test('nothing is loaded from outside the server', async () => {
  for (const name of await readdir(ROOM)) {
    const source = await readFile(new URL(name, ROOM), 'utf8');
    assert.doesNotMatch(source.replaceAll('http://www.w3.org/2000/svg', ''), /(https?:)?\/\/[a-z0-9]+\.[a-z]/i, name);
  }
});

test('the token travels in the header, and stays once it was accepted', async (context) => {
  const requests = [];
  context.mock.method(globalThis, 'fetch', async (url, options) => {
    requests.push([String(url), options]);
    const known = options.headers.Authorization === 'Bearer good';
    return { ok: known, status: known ? 200 : 401, statusText: '', json: async () => ({ outcome: 'done', message: 'no' }) };
  });
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  const gateway = new Gateway('http://127.0.0.1:8889/prefix/', storage);
  await assert.rejects(gateway.act('drain', {}, 'bad'), { status: 401, message: 'no' });
  await gateway.act('canary_share', { share: 0.1 }, 'good');
  gateway.keep('good');
  assert.equal(requests[1][0], 'http://127.0.0.1:8889/prefix/admin/canary_share');
  assert.deepEqual(JSON.parse(requests[1][1].body), { share: 0.1 });
  assert.equal(new Gateway('http://x/', storage).token, 'good');
  await gateway.figures(5);
  assert.equal(requests[2][1].headers.Authorization, 'Bearer good');
});

test('a gateway that does not answer has no status, and a session that has ended no page', async (context) => {
  const gateway = new Gateway('http://127.0.0.1:8889/', null);
  const fetched = context.mock.method(globalThis, 'fetch', async () => { throw new TypeError('no route'); });
  await assert.rejects(gateway.figures(0), { status: 0 });
  fetched.mock.mockImplementation(async () => ({ ok: false, status: 404, statusText: '', json: async () => ({ message: 'gone' }) }));
  assert.equal(await gateway.session('abc'), null);
});

test('a gateway that hangs counts as one that does not answer, before its answer and within it', async () => {
  for (const begin of [() => {}, (response) => response.write('{"samples": [')]) {
    const server = createServer((_, response) => begin(response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const gateway = new Gateway(`http://127.0.0.1:${server.address().port}/`, null, 200);
    await assert.rejects(gateway.figures(0), { status: 0 });
    await assert.rejects(gateway.sessions(), { status: 0 });
    server.closeAllConnections();
    server.close();
  }
});
