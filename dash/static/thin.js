// Fewer points for a line than there are in its data. Pure.

/**
 * thinned keeps the lowest and the highest value of each column between two of its times, if there are more
 * points than can be told apart: a peak stays, and drawing takes less time. The limits of these spans stay where
 * they are while new points come, so that the line does not waver.
 * @param {(number | null)[][]} data the times, and the values of each column
 * @param {number} most points that are wanted
 */
export function thinned(data, most) {
  const times = /** @type {number[]} */ (data[0]);
  const size = Math.ceil((2 * times.length) / most);
  if (size <= 2) return data;
  const span = size * (times[1] - times[0]);
  /** @type {(number | null)[][]} */
  const out = data.map(() => []);
  for (let from = 0, to = 0; from < times.length; from = to) {
    const part = Math.floor(times[from] / span);
    while (to < times.length && Math.floor(times[to] / span) === part) to++;
    // The end of a line is exact.
    if (to === times.length || to - from < 3) data.forEach((column, c) => out[c].push(...column.slice(from, to)));
    else data.forEach((column, c) => out[c].push(...(c ? extremes(column, from, to) : [times[from], times[to - 1]])));
  }
  return out;
}

/** extremes are the lowest and the highest value, in the order in which they come; null if there are none. */
function extremes(/** @type {(number | null)[]} */ column, /** @type {number} */ from, /** @type {number} */ to) {
  let [low, high] = [-1, -1];
  for (let i = from; i < to; i++) {
    const v = column[i];
    if (v === null) continue;
    if (low < 0 || v < /** @type {number} */ (column[low])) low = i;
    if (high < 0 || v > /** @type {number} */ (column[high])) high = i;
  }
  return low < 0 ? [null, null] : [column[Math.min(low, high)], column[Math.max(low, high)]];
}
