// The numbers of samples. Pure.

/** What JavaScript writes otherwise. */
const infinite = /** @type {Record<string, number>} */ ({ "+Inf": Infinity, "-Inf": -Infinity });

/**
 * numberOf reads a number as Prometheus writes it: +Inf and -Inf are numbers, too.
 * @param {unknown} text
 * @returns {number} NaN for what is none
 */
export function numberOf(text) {
  if (typeof text !== "string") return typeof text === "number" ? text : NaN;
  return infinite[text] ?? Number(text);
}

/**
 * pointOf is a number of a line, or null where it has none.
 * @param {unknown} text
 */
export function pointOf(text) {
  const n = numberOf(text);
  return Number.isNaN(n) ? null : n;
}
