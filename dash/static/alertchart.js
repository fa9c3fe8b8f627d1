// From an alert's query to the chart that shows why it fired: expression, operator and
// threshold. Pure.
//
// Precedence of PromQL's operators, lowest first: or; and, unless; comparisons. A query is
// split in this order.

import { secondsOf } from "./duration.js";

/**
 * A Chart is an expression to draw. op and limit are "" and null if it is not compared
 * with a number.
 * @typedef {{expr: string, op: string, limit: number | null}} Chart
 *
 * A Token is a part of a query with its bracket depth. A bracket has the depth outside of
 * it.
 * @typedef {{text: string, depth: number}} Token
 */

/** Alternatives of a query that are considered: more than tacho's own rules have. */
const most = 6;

/** Comments, strings, words, numbers, operators, spaces; all else character by character. */
const token = /#[^\n]*|"[^"\\]*(?:\\.[^"\\]*)*"?|'[^'\\]*(?:\\.[^'\\]*)*'?|`[^`]*`?|[A-Za-z_:][\w:]*|(?:\d[\w.]*|\.\d\w*)(?:(?<=\d[eE])[+-]\d+)?|[=!<>]=|=~|!~|\s+|./gs;

/**
 * tokens splits a query into tokens and drops its comments.
 * @param {string} query
 * @returns {Token[]}
 */
export function tokens(query) {
  /** @type {Token[]} */
  const found = [];
  let depth = 0;
  for (const [text] of query.matchAll(token)) {
    if (text.startsWith("#")) continue;
    if (")]}".includes(text)) depth = Math.max(0, depth - 1);
    found.push({ text, depth });
    if ("([{".includes(text)) depth++;
  }
  return found;
}

/**
 * chartsOf are the charts of an alert's query: one for each operand of a top-level "or".
 * Operands after "and" and "unless" are conditions and have no chart.
 * @param {string} query
 * @returns {Chart[]}
 */
export const chartsOf = (query) => alternatives(tokens(query)).slice(0, most);

/**
 * chartOf is the first chart of a query.
 * @param {string} query
 */
export const chartOf = (query) => chartsOf(query)[0];

/**
 * @param {Token[]} all
 * @returns {Chart[]}
 */
function alternatives(all) {
  const bare = unwrapped(all);
  const parts = split(bare, ["or"]);
  if (parts.length > 1) return parts.flatMap(alternatives);
  const [first] = split(bare, ["and", "unless"]);
  return first.length < bare.length ? alternatives(first) : [compared(bare)];
}

/**
 * unwrapped removes the spaces around tokens, and brackets that enclose all of them.
 * @param {Token[]} all
 * @returns {Token[]}
 */
function unwrapped(all) {
  const begin = all.findIndex((t) => t.text.trim() !== "");
  if (begin < 0) return [];
  const inside = all.slice(begin, all.findLastIndex((t) => t.text.trim() !== "") + 1);
  const { text, depth } = inside[0];
  const end = inside.findIndex((t, i) => i > 0 && t.depth === depth && t.text === ")");
  return text === "(" && end === inside.length - 1 ? unwrapped(inside.slice(1, -1)) : inside;
}

/** isTop reports that a token is at the depth of the first one. */
const isTop = (/** @type {Token} */ t, /** @type {Token[]} */ all) => t.depth === all[0].depth;

/**
 * split splits tokens at top-level words.
 * @param {Token[]} all
 * @param {string[]} at
 * @returns {Token[][]}
 */
function split(all, at) {
  /** @type {Token[][]} */
  const parts = [[]];
  for (const t of all) {
    if (isTop(t, all) && at.includes(t.text.toLowerCase())) parts.push([]);
    else parts[parts.length - 1].push(t);
  }
  return parts;
}

const opposite = /** @type {Record<string, string>} */ ({ "<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!=" });

/**
 * compared splits off a comparison with a number: the last one, or one whose left side is
 * the number.
 * @param {Token[]} all
 * @returns {Chart}
 */
function compared(all) {
  const at = all.findLastIndex((t) => isTop(t, all) && t.text in opposite);
  if (at < 0) return { expr: textOf(all), op: "", limit: null };
  const [left, right] = [textOf(all.slice(0, at)), textOf(all.slice(at + 1)).replace(/^bool\b\s*/i, "")];
  const op = all[at].text;
  if (!Number.isNaN(numberOf(right))) return { expr: left, op, limit: numberOf(right) };
  if (!Number.isNaN(numberOf(left))) return { expr: right, op: opposite[op], limit: numberOf(left) };
  return { expr: textOf(all), op: "", limit: null };
}

const textOf = (/** @type {Token[]} */ all) => all.map((t) => t.text).join("").trim();

/**
 * numberOf reads a number, a duration, or products and quotients of them, such as
 * 24 * 3600; NaN for all else.
 * @param {string} text
 */
function numberOf(text) {
  const bare = textOf(unwrapped(tokens(text)));
  const [first, ...rest] = bare.split(/\s*([*/])\s*/);
  let n = literal(first);
  for (let i = 0; i < rest.length; i += 2) n = rest[i] === "*" ? n * literal(rest[i + 1]) : n / literal(rest[i + 1]);
  return Number.isFinite(n) ? n : NaN;
}

function literal(/** @type {string} */ text) {
  const [, sign, digits] = /^([+-]?)\s*(\S+)$/.exec(text) ?? [];
  if (digits === undefined) return NaN;
  const duration = secondsOf(digits);
  const n = Number.isNaN(duration) ? (/^[\d.]/.test(digits) ? Number(digits.replaceAll("_", "")) : NaN) : duration;
  return sign === "-" ? -n : n;
}

const holds = /** @type {Record<string, (a: number, b: number) => boolean>} */ ({
  "<": (a, b) => a < b, ">": (a, b) => a > b, "<=": (a, b) => a <= b, ">=": (a, b) => a >= b, "==": (a, b) => a === b, "!=": (a, b) => a !== b,
});

/**
 * fires reports that the last value of a line fires its alert.
 * @param {Chart} chart
 * @param {(number | null)[]} values
 */
export function fires({ op, limit }, values) {
  const last = values.findLast((v) => v !== null) ?? null;
  return last !== null && (limit === null || holds[op](last, limit));
}
