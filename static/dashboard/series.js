/** What the charts and tables show, from samples. Pure. */

import { quantile, sum, total } from './quantiles.js';

/** The kinds of outcomes that the page tells apart, in the order in which they are stacked. */
export const KINDS = ['result', 'superseded', 'expired', 'other', 'error'];

/** Most points in a line. */
const MOST_POINTS = 180;

/** @param {string} outcome such as `dropped expired` */
export function kindOf(outcome) {
  const [type, reason] = outcome.split(' ');
  if (type === 'result' || type === 'error') return type;
  return KINDS.includes(reason) ? reason : 'other';
}

/**
 * Group samples, so that a line has no more than MOST_POINTS points.
 * Groups begin at fixed numbers, so a point stays as it is while time goes on.
 * @param {object[]} samples
 * @param {number} range in seconds
 * @returns {{age: number, samples: object[]}[]} how many seconds ago a group ends, oldest first
 */
export function groups(samples, range) {
  if (!samples.length) return [];
  const size = Math.ceil(range / MOST_POINTS);
  const newest = samples[samples.length - 1].n;
  const all = new Map();
  for (const sample of samples) {
    if (sample.n <= newest - range) continue;
    const number = Math.floor(sample.n / size);
    if (!all.has(number)) all.set(number, []);
    all.get(number).push(sample);
  }
  return [...all.values()].map((list) => ({ age: newest - list[list.length - 1].n, samples: list }));
}

/** Frames by kind. */
export function framesBy(samples) {
  const counts = Object.fromEntries(KINDS.map((kind) => [kind, 0]));
  for (const { outcomes } of samples) {
    for (const [outcome, count] of Object.entries(outcomes)) counts[kindOf(outcome)] += count;
  }
  return counts;
}

/** The time that samples cover, in seconds. */
export function span(samples) {
  return samples.reduce((seconds, sample) => seconds + sample.span_s, 0);
}

/** Frames per second by kind, point by point. */
export function frameRates(samples, range) {
  return groups(samples, range).map(({ age, samples: group }) => {
    const seconds = span(group);
    const counts = framesBy(group);
    return { age, values: KINDS.map((kind) => counts[kind] / seconds) };
  });
}

/** Median, P95 and P99 of some samples' ages, in ms; null without results. */
export function ages(samples, bounds) {
  const counts = sum(samples.map((sample) => sample.ages));
  return [0.5, 0.95, 0.99].map((q) => quantile(counts, bounds, q));
}

/** The ages, point by point; null where there were no results. */
export function ageBands(samples, range, bounds) {
  return groups(samples, range).map(({ age, samples: group }) => {
    const values = ages(group, bounds);
    return { age, values: values[0] === null ? null : values };
  });
}

/** How many calls had a batch of each size: [{over, upTo, calls, share}], without empty ends. */
export function batchSizes(samples, bounds) {
  const counts = sum(samples.map((sample) => sample.batches));
  const all = total(counts);
  if (!all) return [];
  const last = Math.max(...counts.keys());
  return Array.from({ length: last + 1 }, (_, bucket) => {
    const calls = counts.get(bucket) || 0;
    return { over: bounds[bucket - 1] || 0, upTo: bounds[bucket] ?? null, calls, share: calls / all };
  });
}

/** The mean size of a batch; null without calls. */
export function meanBatch(samples) {
  const calls = total(sum(samples.map((sample) => sample.batches)));
  return calls ? samples.reduce((frames, sample) => frames + sample.batched, 0) / calls : null;
}

/** Frames per second of each model server, by address. */
export function serverRates(samples) {
  const frames = {};
  for (const { backends } of samples) {
    for (const [address, count] of Object.entries(backends)) frames[address] = (frames[address] || 0) + count;
  }
  const seconds = span(samples);
  return Object.fromEntries(Object.entries(frames).map(([address, count]) => [address, count / seconds]));
}

/** Results per second of each version, by model and version. */
export function versionRates(samples) {
  const results = {};
  for (const version of samples.flatMap((sample) => sample.versions)) {
    const key = keyOf(version);
    results[key] = (results[key] || 0) + version.results / span(samples);
  }
  return results;
}

const keyOf = ({ model, version }) => `${model} ${version}`;

/**
 * What each version did: its share of the results, how many of its frames it failed to answer, and its rate of late.
 * @param {object[]} samples
 * @param {object[]} recent the last ones of these
 * @param {object[]} groups sessions by model, version and label
 */
export function versions(samples, recent, groups) {
  const all = new Map();
  const entry = (model, version) => {
    const key = keyOf({ model, version });
    if (!all.has(key)) all.set(key, { model, version, labels: [], sessions: 0, results: 0, failures: 0 });
    return all.get(key);
  };
  for (const { model, version, label, sessions } of groups) {
    const row = entry(model, String(version));
    row.sessions += sessions;
    if (label) row.labels.push(label);
  }
  for (const sample of samples) {
    for (const { model, version, results, errors } of sample.versions) {
      const failures = Object.values(errors).reduce((one, other) => one + other, 0);
      if (!results && !failures) continue;
      const row = entry(model, version);
      row.results += results;
      row.failures += failures;
    }
  }
  const results = [...all.values()].reduce((count, row) => count + row.results, 0);
  const rates = versionRates(recent);
  return [...all.values()].map((row) => ({
    ...row,
    share: results ? row.results / results : 0,
    resultsPerS: rates[keyOf(row)] || 0,
    failureShare: row.results + row.failures ? row.failures / (row.results + row.failures) : 0,
  }));
}
