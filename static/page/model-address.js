/** The chosen model in the page's address. */

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
