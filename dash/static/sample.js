// The values of samples. Pure.

/** Values that JavaScript writes differently. */
const infinite = /** @type {Record<string, number>} */ ({ "+Inf": Infinity, "-Inf": -Infinity });

/**
 * numberOf reads a number as Prometheus writes it, including +Inf and -Inf.
 * @param {unknown} text
 * @returns {number} NaN if it is not a number
 */
export function numberOf(text) {
  if (typeof text !== "string") return typeof text === "number" ? text : NaN;
  return infinite[text] ?? Number(text);
}

/**
 * pointOf is a point of a line, or null if it is not a number.
 * @param {unknown} text
 */
export function pointOf(text) {
  const n = numberOf(text);
  return Number.isNaN(n) ? null : n;
}
