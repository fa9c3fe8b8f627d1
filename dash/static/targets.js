// What is wrong with a target, in plain words. Pure.

import { secondsOf } from "./duration.js";

/**
 * A Target is how the last scrape of one went.
 * @typedef {object} Target
 * @property {string} key
 * @property {string} job
 * @property {string} instance
 * @property {Record<string, string>} labels the others
 * @property {string} url
 * @property {string} health up, down or unknown
 * @property {string} error
 * @property {number} at seconds since the epoch; NaN before the first
 * @property {number} took seconds
 * @property {number} interval seconds; NaN if the API does not say
 * @property {number} timeout seconds; NaN if the API does not say
 * @property {boolean} slow it takes nearly as long as it may
 */

/** The share of its timeout from which on a scrape is slow. */
export const nearly = 0.8;

/**
 * targetsOf reads the API's list: those that are down first, then the slow ones.
 * @param {any[]} list
 * @returns {Target[]}
 */
export function targetsOf(list) {
  const rank = (/** @type {Target} */ t) => (t.health === "down" ? 0 : t.slow ? 1 : t.health === "unknown" ? 2 : 3);
  return list.map(targetOf).sort((a, b) => rank(a) - rank(b) || compare(a.job, b.job) || compare(a.instance, b.instance) || compare(a.key, b.key));
}

/** @returns {Target} */
function targetOf(/** @type {any} */ t) {
  const { job = "", instance = "", ...labels } = t.labels ?? {};
  const [took, timeout, at] = [Number(t.lastScrapeDuration), secondsOf(t.scrapeTimeout ?? ""), Date.parse(t.lastScrape) / 1000];
  const health = ["up", "down"].includes(t.health) ? t.health : "unknown";
  return {
    key: JSON.stringify([t.scrapePool ?? "", job, instance, t.scrapeUrl ?? ""]), job, instance, labels, url: t.scrapeUrl ?? "", health, error: t.lastError ?? "",
    at: at > 0 ? at : NaN, took, interval: secondsOf(t.scrapeInterval ?? ""), timeout, slow: health === "up" && took > nearly * timeout,
  };
}

const compare = (/** @type {string} */ a, /** @type {string} */ b) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * matches reports that a target has all words of a filter.
 * @param {Target} t
 * @param {string} filter
 */
export function matches(t, filter) {
  const text = [t.job, t.instance, t.url, t.health, t.error, ...Object.values(t.labels)].join(" ").toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/**
 * A Job is the targets of one job that are shown, in their order, and how many of all
 * are in which state.
 * @typedef {{key: string, job: string, up: number, down: number, unknown: number, targets: Target[]}} Job
 */

/**
 * jobsOf puts targets together by their jobs, at most some of them.
 * @param {Target[]} targets as targetsOf returns them
 * @param {number} most
 * @returns {Job[]} that of the worst target first
 */
export function jobsOf(targets, most) {
  /** @type {Map<string, Job>} */
  const found = new Map();
  targets.forEach((t, i) => {
    const job = found.get(t.job) ?? { key: t.job, job: t.job, up: 0, down: 0, unknown: 0, targets: [] };
    found.set(t.job, job);
    job[/** @type {"up" | "down" | "unknown"} */ (t.health)]++;
    if (i < most) job.targets.push(t);
  });
  return [...found.values()].filter((j) => j.targets.length > 0);
}

/**
 * What Prometheus says, and the key of the message that says what it means and what to do.
 * The first that fits is taken: what quotes the target's answer comes before all that could
 * stand in such an answer.
 */
const meanings = /** @type {[RegExp, string][]} */ ([
  [/while parsing: |is not a valid start token|does not end with # EOF|invalid metric|invalid label|strconv\.Parse/, "targetFormat"],
  [/unsupported Content-Type "text\/html/, "targetHTML"],
  [/Content-Type/, "targetType"],
  [/limit exceeded|_limit \(|_limit exceeded/, "targetLimit"],
  [/^server returned HTTP status 40[13]/, "targetDenied"],
  [/^server returned HTTP status 404/, "targetNotFound"],
  [/^server returned HTTP status 400/, "targetBadRequest"],
  [/^server returned HTTP status 429/, "targetTooOften"],
  [/^server returned HTTP status 50[234]/, "targetBehind"],
  [/^server returned HTTP status 5/, "targetFails"],
  [/^server returned HTTP status/, "targetStatus"],
  [/unable to (read|load)|open \S+: (no such file|permission denied)/, "targetFile"],
  [/proxyconnect/, "targetProxy"],
  [/connection refused/, "targetRefused"],
  [/no such host|server misbehaving|[Tt]emporary failure in name resolution|dial tcp: lookup /, "targetUnknownHost"],
  [/no route to host|network is unreachable|host is down/, "targetUnreachable"],
  [/gave HTTP response to HTTPS client|first record does not look like a TLS handshake/, "targetPlain"],
  [/has expired or is not yet valid/, "targetExpired"],
  [/x509: certificate is valid for|doesn't contain any IP SANs|is not valid for any names/, "targetOtherName"],
  [/certificate required|bad certificate|unknown certificate/, "targetClientCertificate"],
  [/x509|tls: failed to verify/, "targetCertificate"],
  [/tls: /, "targetTLS"],
  [/context deadline exceeded|i\/o timeout|Client\.Timeout|TLS handshake timeout/, "targetSlow"],
  [/malformed HTTP|EOF|connection reset|broken pipe/, "targetNotHTTP"],
]);

/** Addresses of the machine itself. In a container that is the container. */
const itself = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * explain says what an error of a scrape means and what to do: a message's key and its
 * values. The key is "" where nothing is known but the error's own words.
 * @param {string} error
 * @param {{url: string, timeout: number}} target
 * @returns {{key: string, values: Record<string, string>}}
 */
export function explain(error, { url, timeout }) {
  // The address that was asked for stands before it, and may contain anything.
  const words = error.replace(/^(?:Get|Post|Head) "(?:[^"\\]|\\.)*": /, "");
  const key = meanings.find(([pattern]) => pattern.test(words))?.[1] ?? "";
  const { hostname, host, pathname, port } = addressOf(url);
  const values = {
    host: hostname, address: host, url, path: pathname, port, status: /^server returned HTTP status (\d{3})/.exec(words)?.[1] ?? "",
    type: /Content-Type "([^";]*)/.exec(words)?.[1] ?? "", timeout: Number.isNaN(timeout) ? "" : `${timeout} s`,
  };
  return { key: key === "targetRefused" && itself.test(hostname) ? "targetRefusedHere" : key, values };
}

/** addressOf takes an address apart, with the port that is meant where none is written. */
function addressOf(/** @type {string} */ url) {
  try {
    const { hostname, host, pathname, port, protocol } = new URL(url);
    return { hostname, host, pathname, port: port || (protocol === "https:" ? "443" : "80") };
  } catch {
    return { hostname: "", host: url, pathname: "", port: "" };
  }
}
