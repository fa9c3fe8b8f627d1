// Durations as Prometheus writes them. Pure.

const units = /** @type {Record<string, number>} */ ({ ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 7 * 86400, y: 365 * 86400 });

/**
 * secondsOf reads a duration such as 1m30s; NaN if it is none.
 * @param {string} text
 */
export function secondsOf(text) {
  if (!/^(?:\d+(?:ms|[smhdwy]))+$/.test(text)) return NaN;
  return [...text.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce((sum, [, n, unit]) => sum + Number(n) * units[unit], 0);
}
