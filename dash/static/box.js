// A box in the heatmap, time × latency: which of the requests are in it, and what tells them from the rest. Pure.

import { rateBy } from "./names.js";
import { numberOf } from "./sample.js";
import { union } from "./queries.js";

/**
 * A Box is a part of a heatmap, whole cells of it.
 * @typedef {{from: number, to: number, low: number, high: number}} Box the times of its first and last column in seconds
 *   since the epoch; above and up to how many seconds requests in it take
 */

/**
 * parseBox reads a box from an address; null if there is none.
 * @param {string} text
 * @returns {Box | null}
 */
export function parseBox(text) {
  const [from, to, low, high] = text.split("_").map(Number);
  return from <= to && low < high ? { from, to, low, high } : null;
}

/**
 * formatBox is the inverse of parseBox.
 * @param {Box} box
 */
export const formatBox = ({ from, to, low, high }) => [from, to, low, high].join("_");

/**
 * cellsOf are the cells of a heatmap that a box covers: columns and rows, from the first to the last; null if the box is
 * not within the heatmap's time.
 * @param {import("./heat.js").Heat} h
 * @param {Box} box
 */
export function cellsOf({ times, bounds, floor }, { from, to, low, high }) {
  const [first, last] = [times.findIndex((at) => at >= from), times.findLastIndex((at) => at <= to)];
  const bottom = bounds.findIndex((_, r) => (r > 0 ? bounds[r - 1] : floor) >= low * (1 - near));
  const top = bounds.findLastIndex((bound) => bound <= high * (1 + near));
  if (first < 0 || last < first) return null;
  return { first, last, bottom: bottom < 0 ? bounds.length - 1 : bottom, top: Math.max(top, bottom, 0) };
}

/**
 * boxOf is the box of cells of a heatmap.
 * @param {import("./heat.js").Heat} h
 * @param {{first: number, last: number, bottom: number, top: number}} cells
 * @returns {Box}
 */
export const boxOf = ({ times, bounds, floor }, { first, last, bottom, top }) =>
  ({ from: times[first], to: times[last], low: bottom > 0 ? bounds[bottom - 1] : floor, high: bounds[top] });

/** Bounds that differ by less are the same one. */
const near = 1e-6;

/**
 * boxQueries are the queries over a range for the buckets of a box, each with the labels that tell requests apart: of a
 * service its routes, and of both the instances and, where the latency has one, the statuses. None if the service has no
 * buckets of its own.
 * @param {import("./names.js").Names} names
 * @param {import("./queries.js").Subject} subject
 * @param {Box} box
 * @param {{window: number, native: boolean}} look seconds of a rate; the heatmap shows native histograms
 * @returns {string[]}
 */
export function boxQueries({ duration }, subject, box, { window, native }) {
  if (!duration) return [];
  const sets = [["instance", ...(duration.status ? ["status"] : [])], ...(subject.path === undefined && duration.path ? [["method", "path"]] : [])];
  // What counts instead of the latency has no buckets.
  const family = { ...duration, instead: undefined };
  return sets.flatMap((labels) => {
    const expr = native ? nativeOf(family, labels, subject, box, window)
      : rateBy(family, "_bucket", [...labels, "le"], { ...subject, more: leOf(family, box) }, `${window}s`);
    return expr ? [expr] : [];
  });
}

/** nativeOf are the requests in a box and all requests, of native histograms. */
function nativeOf(/** @type {import("./names.js").Family} */ family, /** @type {string[]} */ labels, /** @type {import("./queries.js").Subject} */ subject, /** @type {Box} */ { low, high }, /** @type {number} */ window) {
  const all = rateBy(family, "", labels, subject, `${window}s`);
  const bound = (/** @type {number} */ b) => (b === Infinity ? "+Inf" : String(b));
  return all && union([["inside", `histogram_fraction(${bound(low)}, ${bound(high)}, ${all}) * histogram_count(${all})`], ["all", `histogram_count(${all})`]]);
}

/**
 * leOf selects the two buckets that a box is between, and the one with all requests; all of them where their bounds may
 * be written in another way.
 */
function leOf(/** @type {import("./names.js").Family} */ { scale }, /** @type {Box} */ { low, high }) {
  const bounds = [low, high].filter((b) => b > 0 && b !== Infinity);
  if (scale || bounds.some((b) => b < 1e-4 || b >= 1e6)) return [];
  return [["le", "=~", [...bounds.flatMap((b) => [String(b), b.toFixed(1)].filter((text) => Number(text) === b)), "+Inf"].join("|").replaceAll("+", "\\+")]];
}

/** @typedef {{inside: number, rest: number}} Counts */
/** @typedef {Map<string, Map<string, Counts>>} Tally label → value → requests per second, added up over the columns */

/**
 * tallyBox counts the requests in a box, and all others of the range, by the values of each label.
 * @param {import("./api.js").Range[]} answers of boxQueries
 * @param {Box} box
 * @param {Map<string, string[]>} versions of each instance at each point
 * @param {number} [scale] of the family's bounds, to seconds
 * @returns {Tally}
 */
export function tallyBox(answers, box, versions, scale = 1) {
  /** @type {Tally} */
  const found = new Map(["route", "version", "status", "instance"].map((label) => [label, new Map()]));
  const add = (/** @type {string} */ label, /** @type {string} */ value, /** @type {number} */ inside, /** @type {number} */ all) => {
    if (!value || !(all > 0)) return;
    const values = /** @type {Map<string, Counts>} */ (found.get(label));
    const counts = values.get(value) ?? { inside: 0, rest: 0 };
    counts.inside += inside;
    counts.rest += all - inside;
    values.set(value, counts);
  };
  for (const answer of answers) {
    for (const { metric, parts } of groupsOf(answer, box, scale).values()) {
      for (let i = 0; i < answer.count; i++) {
        const at = answer.start + i * answer.step;
        const all = parts.all?.[i] ?? 0;
        const inside = at >= box.from && at <= box.to ? Math.min(all, Math.max(0, (parts.high?.[i] ?? 0) - (parts.low?.[i] ?? 0))) : 0;
        add("route", metric.path && `${metric.method ?? ""} ${metric.path}`.trim(), inside, all);
        add("instance", metric.instance, inside, all);
        add("status", metric.status, inside, all);
        add("version", versions.get(metric.instance ?? "")?.[i] ?? "", inside, all);
      }
    }
  }
  return found;
}

/** groupsOf are the buckets of a box, together for each set of the other labels. */
function groupsOf(/** @type {import("./api.js").Range} */ { series }, /** @type {Box} */ box, /** @type {number} */ scale) {
  /** @type {Map<string, {metric: Record<string, string>, parts: {low?: (number | null)[], high?: (number | null)[], all?: (number | null)[]}}>} */
  const found = new Map();
  for (const { metric: { le, part, ...metric }, values } of series) {
    const key = JSON.stringify(Object.entries(metric).sort());
    const group = found.get(key) ?? { metric, parts: {} };
    found.set(key, group);
    const bound = numberOf(le ?? "") * (le === "+Inf" ? 1 : scale);
    const is = (/** @type {number} */ b) => bound === b || Math.abs(bound - b) <= near * b;
    if (part === "all" || bound === Infinity) group.parts.all = values;
    if (part === "inside" || is(box.high)) group.parts.high = values;
    if (is(box.low)) group.parts.low = values;
  }
  return found;
}

/**
 * A Contrast is a value of a label, with its share of the requests in the box and of the rest.
 * @typedef {{key: string, label: string, value: string, inside: number, rest: number, says: string, strong: boolean}} Contrast
 *   shares from 0 to 1, NaN if there are none; a message's key; it tells them apart
 */

/** Shares that differ by less are alike, and those that differ by more tell requests apart. */
const [alike, telling] = [0.1, 0.3];

/** Values that are listed of each label, and a share that is "all". */
const [most, nearlyAll] = [6, 0.95];

const order = ["route", "instance", "version", "status"];

/**
 * contrastsOf are the values of all labels, those that differ most first.
 * @param {Tally} counted
 * @returns {Contrast[]} none if no request is in the box
 */
export function contrastsOf(counted) {
  const all = [...counted].flatMap(([label, values]) => ofLabel(label, [...values]));
  // In whole percent, so that what is alike has one order.
  const rank = (/** @type {Contrast} */ c) => Math.round(Math.abs(c.inside - c.rest) * 100) || 0;
  return all.sort((a, b) => rank(b) - rank(a) || order.indexOf(a.label) - order.indexOf(b.label) || b.inside - a.inside || (a.value < b.value ? -1 : 1));
}

/** @returns {Contrast[]} */
function ofLabel(/** @type {string} */ label, /** @type {[string, Counts][]} */ values) {
  const total = (/** @type {"inside" | "rest"} */ side) => values.reduce((n, [, counts]) => n + counts[side], 0);
  const [inside, rest] = [total("inside"), total("rest")];
  if (!(inside > 0)) return [];
  return values.map(([value, counts]) => {
    const share = { inside: counts.inside / inside, rest: counts.rest / rest };
    return { key: JSON.stringify([label, value]), label, value, ...share, ...judged(share, values.length, label) };
  }).sort((a, b) => b.inside + (b.rest || 0) - a.inside - (a.rest || 0)).slice(0, most);
}

/** judged is the verdict on a value. */
function judged(/** @type {{inside: number, rest: number}} */ { inside, rest }, /** @type {number} */ n, /** @type {string} */ label) {
  const by = inside - rest;
  if (n === 1) return { says: `boxOne_${label}`, strong: false };
  if (Number.isNaN(by)) return { says: "boxNoRest", strong: false };
  if (Math.abs(by) < alike) return { says: "traitAlike", strong: false };
  if (by > 0) return { says: inside >= nearlyAll ? "boxOnly" : "boxMore", strong: by >= telling };
  return { says: inside < 1 - nearlyAll ? "boxNone" : "boxFewer", strong: false };
}

/**
 * listedOf are the contrasts that are shown: those that differ, and the first of each label that does not.
 * @param {Contrast[]} contrasts
 */
export const listedOf = (contrasts) => contrasts.filter((c) => Math.abs(c.inside - c.rest) >= alike || contrasts.find((other) => other.label === c.label) === c);

/**
 * requestsIn is about how many requests are in a box.
 * @param {Tally} counted
 * @param {number} step seconds between two columns
 */
export function requestsIn(counted, step) {
  const values = [...(counted.get("instance") ?? [])];
  return values.reduce((n, [, { inside }]) => n + inside, 0) * step;
}

/** Fewer requests tell nothing about shares. */
export const fewest = 10;

/**
 * boxConclusion is what tells the requests in the box apart: the strongest value of each label.
 * @param {Contrast[]} contrasts
 * @returns {Contrast[]}
 */
export const boxConclusion = (contrasts) => order.flatMap((label) => contrasts.find((c) => c.label === label && c.strong) ?? []);
