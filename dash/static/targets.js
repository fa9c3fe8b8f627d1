// What is wrong with a target, in plain words. Pure.

/** What Prometheus says, and the key of the message that says what it means and what to do. */
const meanings = /** @type {[RegExp, string][]} */ ([
  [/connection refused/i, "targetRefused"],
  [/no such host|server misbehaving|Temporary failure in name resolution/i, "targetUnknownHost"],
  [/no route to host|network is unreachable/i, "targetUnreachable"],
  [/context deadline exceeded|i\/o timeout|Client\.Timeout/i, "targetSlow"],
  [/server returned HTTP status 401|server returned HTTP status 403/i, "targetDenied"],
  [/server returned HTTP status 404/i, "targetNotFound"],
  [/server returned HTTP status 5\d\d/i, "targetFails"],
  [/server returned HTTP status/i, "targetStatus"],
  [/x509|certificate|tls:/i, "targetCertificate"],
  [/server gave HTTP response to HTTPS client/i, "targetPlain"],
  [/malformed HTTP response|EOF/i, "targetNotHTTP"],
  [/sample limit exceeded|label_limit|target_limit|body size limit/i, "targetLimit"],
  [/Content-Type|expected .* got|invalid metric|parse|unsupported|not a valid/i, "targetFormat"],
]);

/**
 * meaningOf is the key of the message for an error of a scrape, "" for one of which
 * nothing is known but its words.
 * @param {string} error
 */
export const meaningOf = (error) => meanings.find(([pattern]) => pattern.test(error))?.[1] ?? "";

/**
 * A Target is how one scrape went.
 * @typedef {object} Target
 * @property {string} key
 * @property {string} job
 * @property {string} instance
 * @property {string} url
 * @property {string} health up, down or unknown
 * @property {string} error
 * @property {number} at seconds since the epoch
 * @property {number} took seconds
 * @property {boolean} slow it takes nearly as long as it may
 */

/**
 * targetsOf reads the API's list: those that are down first, then the slow ones.
 * @param {any[]} list
 * @returns {Target[]}
 */
export function targetsOf(list) {
  const rank = (/** @type {Target} */ t) => (t.health === "down" ? 0 : t.slow ? 1 : t.health === "unknown" ? 2 : 3);
  return list.map((t) => {
    const { job = "", instance = "" } = t.labels ?? {};
    const took = Number(t.lastScrapeDuration);
    return {
      key: JSON.stringify([job, instance, t.scrapeUrl]), job, instance, url: t.scrapeUrl ?? "", health: t.health ?? "unknown", error: t.lastError ?? "",
      at: Date.parse(t.lastScrape) / 1000, took, slow: t.health === "up" && took > 0.8 * secondsOf(t.scrapeTimeout ?? ""),
    };
  }).sort((a, b) => rank(a) - rank(b) || (a.job < b.job ? -1 : a.job > b.job ? 1 : a.instance < b.instance ? -1 : 1));
}

const units = /** @type {Record<string, number>} */ ({ ms: 0.001, s: 1, m: 60, h: 3600, d: 86400 });

/**
 * secondsOf reads a duration as Prometheus writes it, such as 1m30s.
 * @param {string} text
 */
export function secondsOf(text) {
  const parts = [...text.matchAll(/(\d+)(ms|s|m|h|d)/g)];
  return parts.length ? parts.reduce((sum, [, n, unit]) => sum + Number(n) * units[unit], 0) : NaN;
}
