/** The models to choose among, and how a choice is asked for. */

/** @typedef {Pick<import('./types.js').Model, 'name'|'label'>} Named */
/** @typedef {Partial<import('./types.js').Model> & {name: string, state: string, default?: boolean}} KnownModel */
/** @typedef {{name: string, label: string|null, task: string|null, state: string, isCurrent: boolean}} ListedModel */

/**
 * @param {KnownModel[]} models as `GET /v1/models` has them
 * @param {Named|null} current the session's model, as the welcome has it
 * @returns {ListedModel[]} each name and label once, the default model first
 */
export function listModels(models, current) {
  /** @type {Map<string, ListedModel>} */
  const listed = new Map();
  const sorted = [...models].sort((a, b) => Number(Boolean(b.default)) - Number(Boolean(a.default)));
  for (const { name, label = null, task = null, state } of sorted) {
    const key = JSON.stringify([name, label]);
    if (listed.has(key)) continue;
    const isCurrent = current !== null && current.name === name && (current.label || null) === label;
    listed.set(key, { name, label, task, state, isCurrent });
  }
  return [...listed.values()];
}

/**
 * Of the models that a user has had, those to list beside what the server offers: it forgets models that
 * no session uses. An entry without a label goes where its name leads to a label now.
 * @template {{name: string, label?: string|null}} M
 * @param {M[]} used
 * @param {{name: string, label?: string|null}[]} offered by the server
 * @returns {M[]}
 */
export function stillOffered(used, offered) {
  return used.filter(({ name, label }) => {
    const labels = offered.filter((model) => model.name === name).map((model) => model.label || null);
    return Boolean(label) || labels.length === 0 || labels.includes(null);
  });
}

/**
 * The session options for a model; null withdraws what was asked for before.
 * @param {Named} model
 */
export function optionsFor({ name, label }) {
  return { model: name, label, version: null };
}
