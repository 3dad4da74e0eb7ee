/** Chooses the state that the page shows: one at a time, the most specific one. */

/** States that show a card over the image. */
const CARDS = ['connecting', 'waiting', 'stalled', 'draining', 'offline', 'reconnecting', 'full', 'refused', 'closed'];
const RETRYABLE = ['reconnecting', 'full', 'refused', 'closed'];
const MODEL_ERRORS = ['unknown_model', 'unusable_model'];

/** The close code of a server at its session limit. */
export const SERVER_FULL = 1013;

/**
 * @param {object} conditions
 * @param {object} conditions.client the client's state, as `onState` reports it
 * @param {object|null} conditions.loss the last `reconnecting` state, until the client is connected
 * @param {boolean} conditions.backendGone frames fail because no model server is available
 * @param {{name: string, message?: string}|null} conditions.stall why frames get no results
 * @param {boolean} conditions.paused by the user
 * @param {boolean} conditions.offline the device has no network
 * @param {boolean} conditions.hidden the tab is in the background
 * @param {number} now the client's clock, in ms
 * @returns {{name: string, key: string, more: string|null, values: object, canRetry: boolean,
 *   asksToken: boolean}} the message keys, and what the card offers
 */
export function describe(conditions, now) {
  const { client, stall } = conditions;
  const name = stateName(conditions);
  return {
    name,
    key: `state.${name}`,
    more: hasCard(name) && name !== 'closed' ? `state.${name}.more` : null,
    values: {},
    asksToken: false,
    canRetry: RETRYABLE.includes(name),
    ...details(name, client, stall, now),
  };
}

/** @returns {boolean} whether the state covers part of the image: not while that is live */
export function hasCard(name) {
  return CARDS.includes(name);
}

function stateName({ client, loss, backendGone, stall, offline, paused, hidden }) {
  const { name } = client;
  if (name === 'reconnecting' || (name === 'connecting' && loss)) {
    if (offline) return 'offline';
    return (loss || client).code === SERVER_FULL ? 'full' : 'reconnecting';
  }
  if (name !== 'ready') return name;
  if (backendGone) return 'waiting';
  if (hidden) return 'hidden';
  if (paused) return 'paused';
  if (stall) return offline && stall.name === 'server' ? 'offline' : 'stalled';
  return 'ready';
}

function details(name, client, stall, now) {
  switch (name) {
    case 'reconnecting':
    case 'full':
      return countdown(name, client, now);
    case 'refused':
      return refused(client);
    case 'stalled':
      return { ...keys(`state.stalled.${stall.name}`), values: { message: stall.message } };
    case 'waiting':
      if (!MODEL_ERRORS.includes(client.code)) return {};
      return { ...keys('state.waiting.model'), values: { message: client.message } };
    default:
      return {};
  }
}

function keys(key) {
  return { key, more: `${key}.more` };
}

function refused({ code, message }) {
  if (code !== 'unauthorized') return { values: { message } };
  const offer = { asksToken: true, canRetry: false };
  return { ...keys('state.refused.token'), values: { message }, ...offer };
}

/** A client that is connecting right now has no `retryAt`. */
function countdown(name, { retryAt = 0 }, now) {
  const seconds = Math.ceil((retryAt - now) / 1000);
  return seconds > 0 ? { values: { seconds } } : { key: `state.${name}.now` };
}
