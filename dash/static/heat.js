// A heatmap of latencies: how many requests fell into which bucket, over time. Pure.

import { columns } from "./range.js";
import { numberOf } from "./sample.js";

/**
 * @typedef {object} Heat
 * @property {number[]} times
 * @property {number[]} bounds upper bounds of the rows in seconds, ascending; the last may be Infinity
 * @property {number} floor lower bound of the first row
 * @property {(number | null)[][]} rows requests per second, by row and time
 * @property {number} most the largest of them
 */

/**
 * heat converts cumulative buckets to rows.
 * @param {import("./api.js").Range} answer each series with a label le
 * @returns {Heat}
 */
export function heat(answer) {
  const sorted = answer.series.map((s) => ({ bound: numberOf(s.metric.le ?? ""), values: s.values }))
    .filter((s) => !Number.isNaN(s.bound)).sort((a, b) => a.bound - b.bound);
  const rows = sorted.map(({ values }, r) => values.map((v, i) => {
    if (v === null) return null;
    // Bucket rates are computed separately: a lower one can be slightly larger.
    return Math.max(0, v - (r > 0 ? sorted[r - 1].values[i] ?? 0 : 0));
  }));
  return trimmed(columns(answer)[0], sorted.map((s) => s.bound), rows);
}

/** trimmed leaves out the buckets at the edges in which nothing ever was. */
function trimmed(/** @type {number[]} */ times, /** @type {number[]} */ bounds, /** @type {(number | null)[][]} */ rows) {
  const used = rows.map((row) => row.some((v) => v !== null && v > 1e-9));
  const [first, last] = [used.indexOf(true), used.lastIndexOf(true)];
  if (first < 0) return { times, bounds: [], floor: 0, rows: [], most: 0 };
  const shown = rows.slice(first, last + 1);
  return {
    times, rows: shown, bounds: bounds.slice(first, last + 1),
    floor: first > 0 ? bounds[first - 1] : 0,
    most: shown.reduce((most, row) => row.reduce((/** @type {number} */ m, v) => Math.max(m, v ?? 0), most), 0),
  };
}

/** Rows, at most: a native histogram has up to 160 buckets, more than one can tell apart. */
const maxRows = 40;

/**
 * nativeHeat converts native histograms, which only have buckets in use, to rows:
 * neighbors are merged while there are too many.
 * @param {import("./api.js").Range} answer of one series
 * @returns {Heat | null} null where there is no native histogram
 */
export function nativeHeat(answer) {
  const column = answer.series[0]?.histograms;
  if (!column?.some(Boolean)) return null;
  /** @type {Map<number, number>} upper bound → lower bound */
  const bounds = new Map();
  for (const h of column) for (const [, low, high] of h?.buckets ?? []) bounds.set(numberOf(high), numberOf(low));
  let uppers = [...bounds.keys()].sort((a, b) => a - b);
  while (uppers.length > maxRows) uppers = uppers.filter((_, i) => i % 2 === 1 || i === uppers.length - 1);
  const rows = uppers.map(() => /** @type {(number | null)[]} */ (column.map((h) => (h ? 0 : null))));
  column.forEach((h, i) => {
    for (const [, , high, count] of h?.buckets ?? []) {
      const r = uppers.findIndex((u) => u >= numberOf(high));
      rows[r][i] = (rows[r][i] ?? 0) + numberOf(count);
    }
  });
  const found = trimmed(columns(answer)[0], uppers, rows);
  return found.rows.length && found.floor === 0 ? { ...found, floor: bounds.get(found.bounds[0]) ?? 0 } : found;
}

/**
 * shadeOf is how dark a cell is, of so many shades, from 0; -1 for none. By the root, so that few requests
 * are seen beside many.
 * @param {number} v
 * @param {number} most
 * @param {number} shades
 */
export const shadeOf = (v, most, shades) => (v > 0 && most > 0 ? Math.min(shades - 1, Math.floor(Math.sqrt(v / most) * shades)) : -1);

/**
 * usual is the row with the largest value of the newest column, or -1.
 * @param {Heat} h
 */
export function usual(h) {
  const at = h.times.length - 1;
  const newest = h.rows.map((row) => row.findLast((v, i) => v !== null && i <= at) ?? 0);
  const most = Math.max(0, ...newest);
  return most > 0 ? newest.indexOf(most) : -1;
}

/** What a group must hold of all requests, and how low the rows between two groups are. */
const [leastGroup, valley] = [0.1, 0.15];

/**
 * groups are the newest requests by what they take: one group, or two that are apart, the larger one first.
 * @param {Heat} h
 * @returns {{from: number, to: number, share: number}[]} rows, and the share of all requests
 */
export function groups(h) {
  const recent = Math.max(1, Math.ceil(h.times.length / 20));
  const mass = h.rows.map((row) => row.slice(-recent).reduce((/** @type {number} */ sum, v) => sum + (v ?? 0), 0));
  const all = mass.reduce((sum, v) => sum + v, 0);
  if (!(all > 0)) return [];
  const low = mass.map((_, r) => r).slice(1, -1).filter((r) => {
    const [below, beyond] = [Math.max(...mass.slice(0, r)), Math.max(...mass.slice(r + 1))];
    return mass[r] < valley * Math.min(below, beyond);
  });
  const cut = low.sort((a, b) => mass[a] - mass[b])[0];
  if (cut === undefined) return [];
  const parts = [part(mass, 0, cut, all), part(mass, cut + 1, mass.length, all)];
  return parts.some((p) => p.share < leastGroup) ? [] : parts.sort((a, b) => b.share - a.share);
}

/** part is a group: its rows without the thin edges, and its share. */
function part(/** @type {number[]} */ mass, /** @type {number} */ begin, /** @type {number} */ end, /** @type {number} */ all) {
  const own = mass.slice(begin, end);
  const most = Math.max(...own);
  const full = own.map((v) => v >= valley * most);
  return { from: begin + full.indexOf(true), to: begin + full.lastIndexOf(true), share: own.reduce((sum, v) => sum + v, 0) / all };
}
