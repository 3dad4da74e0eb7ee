/** The models to choose among, and how a choice is asked for and remembered. */

/**
 * @param {object[]} models as `GET /v1/models` has them
 * @param {object|null} current the session's model, as the welcome has it
 * @returns {{name, label, task, state, isCurrent}[]} each name and label once, the default model first
 */
export function listModels(models, current) {
  const listed = new Map();
  const sorted = [...models].sort((a, b) => Number(Boolean(b.default)) - Number(Boolean(a.default)));
  for (const { name, label = null, task = null, state } of sorted) {
    const key = JSON.stringify([name, label]);
    if (listed.has(key)) continue;
    const isCurrent = Boolean(current) && current.name === name && (current.label || null) === label;
    listed.set(key, { name, label, task, state, isCurrent });
  }
  return [...listed.values()];
}

/** The session options for a model; null withdraws what was asked for before. */
export function optionsFor({ name, label }) {
  return { model: name, label, version: null };
}

/**
 * The page's query with a model in place of the earlier one.
 * @param {string} search such as ?source=camera&model=digits&version=2
 * @param {{name: string, label: string|null}} model
 */
export function queryFor(search, { name, label }) {
  const query = new URLSearchParams(search);
  query.delete('version');
  query.delete('label');
  query.set('model', name);
  if (label) query.set('label', label);
  return `?${query}`;
}
