// Several queries in one chart, each with a letter. Pure.

import { chosenLines, ended, maxLines } from "./explore.js";

/** The letters of queries, and so how many there can be. */
export const letters = "ABCDEF";

/** A label that no metric has. */
const mark = "__query__";

/**
 * A Query is one of those that are shown together.
 * @typedef {{letter: string, expr: string, hidden: boolean}} Query
 *
 * An Answer is its result.
 * @typedef {{letter: string, range: import("./api.js").Range, samples: import("./model.js").Sample[]}} Answer
 */

/**
 * queriesOf are the queries of a view; there is always a first one.
 * @param {Pick<import("./view.js").View, "expr" | "also" | "hide">} view
 * @returns {Query[]}
 */
export function queriesOf({ expr, also, hide }) {
  return [expr, ...listOf(also)].slice(0, letters.length).map((text, i) => ({ letter: letters[i], expr: text, hidden: hide.includes(letters[i]) }));
}

/** listOf reads a list of texts; anything else is none. */
export function listOf(/** @type {string | null} */ text) {
  try {
    const all = JSON.parse(text || "[]");
    return Array.isArray(all) ? /** @type {string[]} */ (all.filter((q) => typeof q === "string")) : [];
  } catch {
    return [];
  }
}

/**
 * viewOf is the inverse of queriesOf; the letters are given anew.
 * @param {{expr: string, hidden: boolean}[]} queries
 */
export function viewOf(queries) {
  const [first, ...others] = queries;
  return {
    expr: first?.expr ?? "", also: others.length ? JSON.stringify(others.map((q) => q.expr)) : "",
    hide: queries.map((q, i) => (q.hidden ? letters[i] : "")).join(""),
  };
}

/**
 * together puts the answers to queries over the same range on one grid. Each query gets the same number of lines.
 * @param {Answer[]} answers at least one
 * @param {number} at
 * @returns {{times: number[], lines: {name: string, values: (number | null)[]}[], n: number}} n lines without the limit
 */
export function together(answers, at) {
  const marked = (/** @type {string} */ letter) => (/** @type {any} */ s) => ({ ...s, metric: { ...s.metric, [mark]: letter } });
  const { times, series } = ended({ ...answers[0].range, series: answers.flatMap((a) => a.range.series.map(marked(a.letter))) }, answers.flatMap((a) => a.samples.map(marked(a.letter))), at);
  const lines = answers.flatMap(({ letter }) => {
    const own = series.filter((s) => s.metric[mark] === letter).map(({ metric: { [mark]: _, ...metric }, values }) => ({ metric, values }));
    return chosenLines(own).slice(0, Math.floor(maxLines / answers.length)).map((l) => ({ name: letter ? `${letter} ${l.name}`.trim() : l.name, values: l.values }));
  });
  return { times, lines, n: series.length };
}
