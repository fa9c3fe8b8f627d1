// The order of the table of services, and the texts of its cells. Pure.

import { age, nothing, ratio, shorten, visible } from "./format.js";
import { order, orderOf, placeOf, serviceColumns } from "./rows.js";
import { clockAt, secondsAt } from "./verdict.js";

/** @typedef {Pick<import("./overview.js").Item, "key" | "service" | "budget" | "version">} Row */

/** What each column sorts by; the state is the order in which the services come. */
const values = /** @type {Record<string, (row: Row) => number | string | undefined>} */ ({
  service: ({ service }) => placeOf(service),
  rate: ({ service }) => service.rate,
  errorRatio: ({ service }) => service.errorRatio,
  p95: ({ service }) => service.p95,
  budget: ({ budget }) => budget,
  targets: ({ service }) => service.targets,
  version: ({ version }) => version?.at || undefined,
  since: ({ service }) => secondsAt(service.judged?.findings?.[0]?.since) || undefined,
});

/**
 * inOrder are the rows in the order of the view; equal ones stay in theirs, the worst first.
 * @template {Row} T
 * @param {T[]} rows the worst first
 * @param {Pick<import("./view.js").View, "sort" | "descending">} view
 * @returns {T[]}
 */
export function inOrder(rows, view) {
  const { sort, descending } = orderOf(view, serviceColumns);
  const value = values[sort];
  if (!value) return descending ? [...rows].reverse() : rows;
  return [...rows].sort((a, b) => order(value(a), value(b), descending ? -1 : 1));
}

/**
 * steadyOrder keeps the rows where they are while the reader points at one, unless another order or other rows are
 * asked for.
 */
export function steadyOrder() {
  /** @type {string[]} */
  let keys = [];
  let asked = "";
  /**
   * @template {Row} T
   * @param {T[]} rows
   * @param {Pick<import("./view.js").View, "sort" | "descending">} view
   * @param {boolean} held
   * @returns {T[]}
   */
  return (rows, view, held) => {
    const byKey = new Map(rows.map((row) => [row.key, row]));
    const now = JSON.stringify([view.sort, view.descending]);
    const same = now === asked && keys.length === byKey.size && keys.every((key) => byKey.has(key));
    if (!held || !same) keys = inOrder(rows, view).map((row) => row.key);
    asked = now;
    return keys.map((key) => /** @type {T} */ (byKey.get(key)));
  };
}

/**
 * versionText is a version and for how long it has run, if that is known.
 * @param {{text: string, at: number}} version
 * @param {number} now seconds since the epoch
 */
export const versionText = ({ text, at }, now) => [shorten(visible(text), 40), at && age(now - at)].filter(Boolean).join(" · ");

/**
 * budgetText is what is left of an error budget; one that is overspent has nothing left.
 * @param {number} [left]
 */
export const budgetText = (left = NaN) => (Number.isNaN(left) ? nothing : ratio(Math.max(0, left)));

/**
 * sinceOf is when a finding began, or the earliest time that is known of it.
 * @param {import("./verdict.js").Finding} f
 */
export const sinceOf = ({ since, atLeast }) => (since ? (atLeast ? "≤ " : "") + clockAt(secondsAt(since)) : "");
