/** Filters and sorts rows. Pure. */

/**
 * @param {object[]} rows
 * @param {object} view
 * @param {string} view.filter words; a row matches if each is part of one of its texts
 * @param {function(object): string[]} view.texts what a row is found by
 * @param {function(object): (number|string|null)} view.value what it is sorted by
 * @param {boolean} view.descending
 */
export function arrange(rows, { filter, texts, value, descending }) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = rows.filter((row) => {
    const found = texts(row).map((text) => text.toLowerCase());
    return words.every((word) => found.some((text) => text.includes(word)));
  });
  const sign = descending ? -1 : 1;
  return matching
    .map((row, i) => ({ row, i, value: value(row) }))
    .sort((one, other) => compare(one.value, other.value, sign) || one.i - other.i)
    .map(({ row }) => row);
}

/** Rows without a value are last, in either direction. */
function compare(one, other, sign) {
  if (one === null || other === null) return (one === null) - (other === null);
  if (typeof one === 'number') return sign * (one - other);
  return sign * one.localeCompare(other, undefined, { numeric: true });
}
