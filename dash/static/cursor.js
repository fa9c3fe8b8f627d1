// The moment under the pointer: one crosshair goes through all charts of a screen. Pure.

/**
 * A Moment is shared by charts. The lead is the chart that has the pointer or the keyboard.
 * @typedef {object} Moment
 * @property {number} at seconds since the epoch; NaN if nothing is pointed at
 * @property {boolean} pinned it stays when the pointer leaves
 * @property {object | null} lead
 * @property {Set<(moment: Moment) => void>} followers
 */

/** @type {Map<string, Moment>} */
const moments = new Map();

/**
 * momentOf is the moment of all charts with a key.
 * @param {string} key
 */
export function momentOf(key) {
  const known = moments.get(key);
  if (known) return known;
  /** @type {Moment} */
  const made = { at: NaN, pinned: false, lead: null, followers: new Set() };
  moments.set(key, made);
  return made;
}

/**
 * point moves it, unless it is pinned, and tells all charts.
 * @param {Moment} moment
 * @param {number} at NaN if the pointer has left
 * @param {object | null} lead
 */
export function point(moment, at, lead) {
  if (moment.pinned || (Number.isNaN(at) && Number.isNaN(moment.at))) return;
  moment.at = at;
  moment.lead = lead;
  for (const follow of moment.followers) follow(moment);
}

/**
 * pin fixes the moment where it is, or lets it go.
 * @param {Moment} moment
 * @param {boolean} pinned
 */
export function pin(moment, pinned) {
  moment.pinned = pinned && !Number.isNaN(moment.at);
  for (const follow of moment.followers) follow(moment);
}

/**
 * nearest is the index of the time nearest to a moment; -1 if the moment is outside of the times.
 * @param {number[]} times ascending
 * @param {number} at
 */
export function nearest(times, at) {
  if (!(at >= times[0] - 1e-6) || !(at <= times[times.length - 1] + 1e-6)) return -1;
  let [low, high] = [0, times.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (times[middle] <= at) low = middle;
    else high = middle;
  }
  return at - times[low] <= times[high] - at ? low : high;
}
