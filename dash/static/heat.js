// A heatmap of latencies: how many requests fell into which bucket, over time. Pure.

import { columns } from "./range.js";

/**
 * @typedef {object} Heat
 * @property {number[]} times
 * @property {number[]} bounds upper bounds of the rows in seconds, ascending; the last may be Infinity
 * @property {number} floor lower bound of the first row
 * @property {(number | null)[][]} rows requests per second, by row and time
 * @property {number} most the largest of them
 */

/**
 * heat makes rows of cumulative buckets. Buckets at the edges in which nothing ever
 * was are left out.
 * @param {{metric: Record<string, string>, values: [number, string][]}[]} series each with a label le
 * @param {{from: number, to: number}} edges aligned
 * @param {number} step
 * @returns {Heat}
 */
export function heat(series, edges, step) {
  const bound = (/** @type {string} */ le) => (le === "+Inf" ? Infinity : Number(le));
  const sorted = series.map((s) => ({ bound: bound(s.metric.le ?? ""), values: s.values }))
    .filter((s) => !Number.isNaN(s.bound)).sort((a, b) => a.bound - b.bound);
  const [times, ...cumulative] = columns(sorted, edges, step);
  const rows = cumulative.map((column, r) => column.map((v, i) => {
    if (v === null) return null;
    // Rates of buckets are computed one by one: a lower one may be larger by a hair.
    return Math.max(0, v - (r > 0 ? cumulative[r - 1][i] ?? 0 : 0));
  }));
  const used = rows.map((row) => row.some((v) => v !== null && v > 1e-9));
  const [first, last] = [used.indexOf(true), used.lastIndexOf(true)];
  if (first < 0) return { times, bounds: [], floor: 0, rows: [], most: 0 };
  const shown = rows.slice(first, last + 1);
  return {
    times, rows: shown, bounds: sorted.slice(first, last + 1).map((s) => s.bound),
    floor: first > 0 ? sorted[first - 1].bound : 0,
    most: shown.flat().reduce((/** @type {number} */ most, v) => Math.max(most, v ?? 0), 0),
  };
}

/** How dark a cell is, from 0 to 1: by the root, so that few requests are seen beside many. */
export const shade = (/** @type {number} */ v, /** @type {number} */ most) => (v > 0 && most > 0 ? Math.max(0.06, Math.sqrt(v / most)) : 0);

/**
 * usual is the row in which the newest column has most, or -1.
 * @param {Heat} h
 */
export function usual(h) {
  const at = h.times.length - 1;
  const newest = h.rows.map((row) => row.findLast((v, i) => v !== null && i <= at) ?? 0);
  const most = Math.max(0, ...newest);
  return most > 0 ? newest.indexOf(most) : -1;
}
