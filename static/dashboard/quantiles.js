/** Percentiles of values that are known by bucket only. */

/**
 * Add up buckets.
 * @param {[number, number][][]} lists each [number of a bucket, count]
 * @returns {Map<number, number>} counts by bucket, in order
 */
export function sum(lists) {
  const counts = new Map();
  for (const list of lists) {
    for (const [bucket, count] of list) counts.set(bucket, (counts.get(bucket) || 0) + count);
  }
  return new Map([...counts].sort(([one], [other]) => one - other));
}

/** How many values there are. */
export function total(counts) {
  let all = 0;
  for (const count of counts.values()) all += count;
  return all;
}

/**
 * The value below which a fraction `q` of the values is, evenly spread within their bucket.
 * @param {Map<number, number>} counts in order
 * @param {number[]} bounds bucket i has the values up to bounds[i]; the last one has no bound
 * @returns {number|null} null without values
 */
export function quantile(counts, bounds, q) {
  const rank = q * total(counts);
  let below = 0;
  for (const [bucket, count] of counts) {
    if (below + count >= rank && count) {
      if (bucket >= bounds.length) return bounds[bounds.length - 1];
      const low = bucket ? bounds[bucket - 1] : 0;
      return low + ((rank - below) / count) * (bounds[bucket] - low);
    }
    below += count;
  }
  return null;
}
