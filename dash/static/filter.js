// The filter of the route table: words, and comparisons such as status:5xx, p95>500ms, errors>1% and rate>2. Pure.

import { literal } from "./marks.js";

/** @typedef {import("./model.js").Route} Route */

/** What a second is in each unit of a latency; a number without one is of milliseconds. */
const units = /** @type {Record<string, number>} */ ({ "": 1e-3, us: 1e-6, "µs": 1e-6, ms: 1e-3, s: 1 });

const seconds = (/** @type {number} */ n, /** @type {string} */ unit) => n * (units[unit] ?? NaN);
const share = (/** @type {number} */ n, /** @type {string} */ unit) => (unit === "%" || unit === "" ? n / 100 : NaN);
const plain = (/** @type {number} */ n, /** @type {string} */ unit) => (unit === "" || unit === "/s" ? n : NaN);

/**
 * The numbers that can be compared: the route's field, and how a limit is read.
 * @type {Record<string, [keyof Route, (n: number, unit: string) => number]>}
 */
const numbers = {
  rate: ["rate", plain], errors: ["errorRatio", share], share: ["share", share],
  p50: ["p50", seconds], p95: ["p95", seconds], p99: ["p99", seconds],
};

/** @type {Record<string, (a: number, b: number) => boolean>} */
const operators = { ">": (a, b) => a > b, "<": (a, b) => a < b, ">=": (a, b) => a >= b, "<=": (a, b) => a <= b };

/**
 * statusOf is the pattern of a term such as status:5xx, status:404 or status:Unavailable, anchored; "" if
 * the term is none.
 * @param {string} term
 */
function statusOf(term) {
  const [, value = ""] = /^status:(.+)$/i.exec(term) ?? [];
  return literal(value).replace(/(?<=^\d+)x+$/i, (x) => ".".repeat(x.length));
}

/**
 * statusPattern is a regular expression of all statuses that a filter names, "" if it names none: the page
 * queries the statuses of routes only then.
 * @param {string} filter
 */
export const statusPattern = (filter) => filter.split(/\s+/).map(statusOf).filter(Boolean).join("|");

/**
 * testOf is the test of one term. One that is still being typed, such as "p95>", passes all.
 * @param {string} term
 * @returns {(text: string, route: Route) => boolean}
 */
function testOf(term) {
  const status = statusOf(term);
  if (status) {
    const pattern = new RegExp(`^(?:${status})$`, "i");
    return (_, route) => (route.statuses ?? []).some((s) => pattern.test(s));
  }
  const [, name, operator, limit] = /^(\w+)([<>]=?)(.*)$/.exec(term.toLowerCase()) ?? [];
  if (name && Object.hasOwn(numbers, name)) return comparison(numbers[name], operators[operator], limit);
  if (/^status:$/i.test(term)) return () => true;
  const word = term.toLowerCase();
  return (text) => text.includes(word);
}

/** comparison is the test of a number against a limit. */
function comparison(/** @type {[keyof Route, (n: number, unit: string) => number]} */ [field, read], /** @type {(a: number, b: number) => boolean} */ compare, /** @type {string} */ limit) {
  const [, n = "", unit = ""] = /^(\d+\.?\d*|\.\d+)(.*)$/.exec(limit) ?? [];
  const than = read(n === "" ? NaN : Number(n), unit);
  return (/** @type {string} */ _, /** @type {Route} */ route) => Number.isNaN(than) || compare(Number(route[field]), than);
}

/**
 * filterOf is a filter that is read once for many routes. Every term has to hold: a word, in any case, in
 * the service, the method, the path or the state of a route; a comparison for its numbers.
 * @param {string} filter
 * @returns {(job: string, route: Route) => boolean}
 */
export function filterOf(filter) {
  const tests = filter.split(/\s+/).filter(Boolean).map(testOf);
  return (job, route) => {
    const text = `${job} ${route.method} ${route.path} ${route.state}`.toLowerCase();
    return tests.every((test) => test(text, route));
  };
}
