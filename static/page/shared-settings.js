/**
 * The settings that a link can carry: `?source=camera&score=60&boxes=live&classes=1,7&full=1`.
 *
 * A setting in the page's address counts more than one that was remembered. The access token is
 * never among them.
 */

import { LANGUAGES } from './preferred-language.js';

const SOURCES = ['camera', 'scene'];
const BOXES = ['exact', 'live'];
const SHARED = ['source', 'score', 'opacity', 'boxes', 'classes', 'full', 'lang'];
const SCORES = [5, 95]; // percent, as the slider has them

/**
 * Read the settings of an address; what is missing or invalid is null.
 *
 * @param {string} search such as ?score=60
 * @returns {{source: string|null, score: number|null, opacity: number|null, boxes: string|null,
 *   classes: number[]|null, full: boolean|null, lang: string|null}} score and opacity in percent
 */
export function readSettings(search) {
  const query = new URLSearchParams(search);
  return {
    source: oneOf(SOURCES, query.get('source')),
    score: percent(query.get('score'), SCORES),
    opacity: percent(query.get('opacity'), [0, 100]),
    boxes: oneOf(BOXES, query.get('boxes')),
    classes: numbers(query.get('classes')),
    full: { 0: false, 1: true }[query.get('full')] ?? null,
    lang: oneOf(LANGUAGES, query.get('lang')),
  };
}

/**
 * The page's address with these settings in place of its own. Those that are null are left out, and
 * so is the part behind `#`, which may hold an access token.
 *
 * @param {string} href the page's
 * @param {object} settings as `readSettings` returns them, or some of them
 */
export function addressWith(href, settings) {
  const address = new URL(href);
  address.hash = '';
  for (const name of SHARED) {
    const value = settings[name] ?? null;
    if (value === null) address.searchParams.delete(name);
    else address.searchParams.set(name, written(value));
  }
  address.search = address.search.replaceAll('%2C', ',');
  return address.href;
}

function written(value) {
  return typeof value === 'boolean' ? String(Number(value)) : String(value);
}

function oneOf(values, text) {
  return values.includes(text) ? text : null;
}

function percent(text, [least, most]) {
  const number = text === null || text === '' ? NaN : Number(text);
  return number >= least && number <= most ? Math.round(number) : null;
}

function numbers(text) {
  if (text === null || !/^\d{1,5}(,\d{1,5})*$/.test(text)) return null;
  return [...new Set(text.split(',').map(Number))];
}
