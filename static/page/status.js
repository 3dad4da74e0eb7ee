/** What the page says about itself: one state at a time, the most telling one. */

/** States in which the stage shows a card over the picture. */
const CARDS = ['connecting', 'waiting', 'silent', 'draining', 'reconnecting', 'refused', 'closed'];
const TRY_LATER = 1013; // the close code of a server without room for another session

/**
 * @param {object} about
 * @param {object} about.client the client's state, as its `onState` gave it
 * @param {boolean} about.isRetry the client connects again after it has lost the server
 * @param {boolean} about.backendGone the last frames failed because no model server answered
 * @param {{name: string, message?: string}|null} about.silence why nothing is answered, by `Liveness`
 * @param {boolean} about.paused by the user
 * @param {boolean} about.hidden the tab is
 * @param {number} now the client's clock, in ms
 * @returns {{name: string, key: string, more: string|null, values: object, retry: boolean,
 *   asksToken: boolean}} the keys of the words to show, whether a "try now" helps, or a token
 */
export function describe({ client, ...about }, now) {
  const name = stateName(client.name, about);
  return {
    name,
    key: `state.${name}`,
    more: CARDS.includes(name) && name !== 'closed' ? `state.${name}.more` : null,
    values: {},
    asksToken: false,
    retry: ['reconnecting', 'refused', 'closed'].includes(name),
    ...details(name, client, about.silence, now),
  };
}

/** A card would only be in the way of a picture that lives. */
export function hasCard(name) {
  return CARDS.includes(name);
}

function stateName(client, { isRetry, backendGone, silence, paused, hidden }) {
  if (client === 'connecting' && isRetry) return 'reconnecting';
  if (client !== 'ready') return client;
  if (backendGone) return 'waiting';
  if (hidden) return 'hidden';
  if (paused) return 'paused';
  return silence ? 'silent' : 'ready';
}

function details(name, client, silence, now) {
  if (name === 'refused') return refused(client);
  if (name === 'silent') return silent(silence);
  if (name === 'waiting' && client.message) {
    return { more: 'state.waiting.reason', values: { message: client.message } };
  }
  return name === 'reconnecting' ? reconnecting(client, now) : {};
}

function silent({ name, message }) {
  return { key: `state.silent.${name}`, more: `state.silent.${name}.more`, values: { message } };
}

function refused({ code, message }) {
  const asksToken = code === 'unauthorized';
  const words = asksToken ? { key: 'state.refused.token', asksToken, retry: false } : {};
  return { ...words, values: { message } };
}

/** A client that tries right now has no `retryAt`. */
function reconnecting({ retryAt = 0, code }, now) {
  const more = code === TRY_LATER ? { more: 'state.reconnecting.full' } : {};
  const seconds = Math.ceil((retryAt - now) / 1000);
  if (seconds <= 0) return { ...more, key: 'state.reconnecting.now' };
  return { ...more, values: { seconds } };
}
