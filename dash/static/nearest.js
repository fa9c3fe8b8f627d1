// The name that someone may have meant. Pure.

/**
 * nearest is the name with the smallest edit distance, "" if none is near.
 * @param {string} text
 * @param {string[]} names
 */
export function nearest(text, names) {
  const most = Math.max(1, Math.floor(text.length / 4));
  let [best, least] = ["", most + 1];
  for (const name of names) {
    if (Math.abs(name.length - text.length) >= least) continue;
    const d = distance(text.toLowerCase(), name.toLowerCase(), least);
    if (d < least) [best, least] = [name, d];
  }
  return best;
}

/** distance is Levenshtein's, or limit if it is at least that. */
function distance(/** @type {string} */ a, /** @type {string} */ b, /** @type {number} */ limit) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + Number(a[i - 1] !== b[j - 1])));
    if (Math.min(...next) >= limit) return limit;
    row = next;
  }
  return row[b.length];
}
