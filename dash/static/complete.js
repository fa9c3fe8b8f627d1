// Completion of queries. Pure.

import { quote } from "./queries.js";

/** PromQL's functions, aggregations and keywords, with their arguments. */
const vocabulary = /** @type {[string, string][]} */ ([
  ["sum", "sum by (label) (vector)"], ["avg", "avg by (label) (vector)"], ["max", "max by (label) (vector)"], ["min", "min by (label) (vector)"], ["count", "count by (label) (vector)"],
  ["count_values", 'count_values("label", vector)'], ["topk", "topk(k, vector)"], ["bottomk", "bottomk(k, vector)"], ["quantile", "quantile(φ, vector)"], ["stddev", "stddev(vector)"], ["stdvar", "stdvar(vector)"], ["group", "group by (label) (vector)"],
  ["rate", "rate(counter[5m])"], ["irate", "irate(counter[5m])"], ["increase", "increase(counter[5m])"], ["delta", "delta(gauge[5m])"], ["idelta", "idelta(gauge[5m])"], ["deriv", "deriv(gauge[5m])"], ["predict_linear", "predict_linear(gauge[1h], seconds)"],
  ["histogram_quantile", "histogram_quantile(φ, sum by (le) (rate(x_bucket[5m])))"], ["histogram_avg", "histogram_avg(histogram)"], ["histogram_count", "histogram_count(histogram)"], ["histogram_sum", "histogram_sum(histogram)"], ["histogram_fraction", "histogram_fraction(from, to, histogram)"],
  ["avg_over_time", "avg_over_time(gauge[1h])"], ["max_over_time", "max_over_time(gauge[1h])"], ["min_over_time", "min_over_time(gauge[1h])"], ["sum_over_time", "sum_over_time(gauge[1h])"], ["count_over_time", "count_over_time(x[1h])"], ["last_over_time", "last_over_time(x[1h])"], ["present_over_time", "present_over_time(x[1h])"], ["quantile_over_time", "quantile_over_time(φ, gauge[1h])"], ["stddev_over_time", "stddev_over_time(gauge[1h])"], ["changes", "changes(gauge[1h])"], ["resets", "resets(counter[1h])"],
  ["absent", "absent(vector)"], ["absent_over_time", "absent_over_time(x[1h])"], ["abs", "abs(vector)"], ["ceil", "ceil(vector)"], ["floor", "floor(vector)"], ["round", "round(vector, to)"], ["clamp", "clamp(vector, min, max)"], ["clamp_max", "clamp_max(vector, max)"], ["clamp_min", "clamp_min(vector, min)"], ["exp", "exp(vector)"], ["ln", "ln(vector)"], ["log2", "log2(vector)"], ["log10", "log10(vector)"], ["sqrt", "sqrt(vector)"], ["sgn", "sgn(vector)"],
  ["label_replace", 'label_replace(vector, "to", "$1", "from", "(.*)")'], ["label_join", 'label_join(vector, "to", "-", "from", "from")'], ["scalar", "scalar(vector)"], ["vector", "vector(number)"], ["time", "time()"], ["timestamp", "timestamp(vector)"], ["sort", "sort(vector)"], ["sort_desc", "sort_desc(vector)"],
  ["by", "sum by (label) (vector)"], ["without", "sum without (label) (vector)"], ["on", "a / on (label) b"], ["ignoring", "a / ignoring (label) b"], ["group_left", "a * on (label) group_left b"], ["group_right", "a * on (label) group_right b"], ["offset", "x offset 1d"], ["bool", "x > bool 1"], ["and", "a and b"], ["or", "a or b"], ["unless", "a unless b"],
]);

const durations = ["1m", "5m", "15m", "30m", "1h", "6h", "1d", "7d"];

/** Options shown at most. */
export const mostOptions = 12;

/**
 * An Option is a completion: its text, its label in the list, and what it is.
 * @typedef {{text: string, label: string, detail: string}} Option
 *
 * Known are the names to complete from.
 * @typedef {{metrics: {name: string, type: string, help: string}[], labels: string[], values: string[]}} Known
 */

/**
 * placeOfCursor is what the cursor is in: a label value (of which label), a label name, a
 * duration or a word; and where that begins.
 * @param {string} text
 * @param {number} cursor
 * @returns {{kind: "value" | "label" | "duration" | "word" | "none", from: number, label: string}}
 */
export function placeOfCursor(text, cursor) {
  /** @type {{open: string, before: string}[]} */
  const stack = [];
  let string = "";
  let begun = 0;
  for (let i = 0; i < cursor; i++) {
    const c = text[i];
    if (string) {
      if (c === "\\" && string !== "`") i++;
      else if (c === string) string = "";
    } else if (c === '"' || c === "'" || c === "`") {
      string = c;
      begun = i;
    } else if (c === "(" || c === "{" || c === "[") {
      stack.push({ open: c, before: /(\w+)\s*$/.exec(text.slice(0, i))?.[1]?.toLowerCase() ?? "" });
    } else if (c === ")" || c === "}" || c === "]") {
      stack.pop();
    }
  }
  const top = stack.at(-1);
  if (string) {
    const label = top?.open === "{" ? /([A-Za-z_]\w*)\s*(?:=~|!~|!=|=)\s*$/.exec(text.slice(0, begun))?.[1] ?? "" : "";
    return { kind: label ? "value" : "none", from: begun, label };
  }
  const word = /[A-Za-z_:][\w:]*$/.exec(text.slice(0, cursor));
  const from = word ? word.index : cursor;
  if (top?.open === "[") return { kind: "duration", from: cursor - (/[\w]*$/.exec(text.slice(0, cursor))?.[0].length ?? 0), label: "" };
  const names = top?.open === "{" || (top?.open === "(" && ["by", "without", "on", "ignoring", "group_left", "group_right"].includes(top.before));
  if (names) return { kind: /[=~]\s*$/.test(text.slice(0, from)) ? "none" : "label", from, label: "" };
  return { kind: "word", from, label: "" };
}

/**
 * complete returns the completions at the cursor, the likeliest first.
 * @param {string} text
 * @param {number} cursor
 * @param {Known} known
 * @returns {{from: number, to: number, options: Option[]}}
 */
export function complete(text, cursor, known) {
  const place = placeOfCursor(text, cursor);
  const written = text.slice(place.from, cursor);
  const plain = (/** @type {string[]} */ names, /** @type {string} */ detail) => names.map((name) => ({ text: name, label: name, detail }));
  /** @type {Record<typeof place.kind, () => Option[]>} */
  const offers = {
    value: () => known.values.map((v) => ({ text: quote(v), label: v, detail: place.label })),
    label: () => plain(known.labels, ""),
    duration: () => plain(durations, ""),
    word: () => [...known.metrics.map((m) => ({ text: m.name, label: m.name, detail: m.type })), ...vocabulary.map(([name, detail]) => ({ text: name, label: name, detail }))],
    none: () => [],
  };
  // An empty word has no completions, except label names and values.
  if (place.kind === "word" && written === "") return { from: cursor, to: cursor, options: [] };
  const wanted = (place.kind === "value" ? written.replace(/^["'`]/, "") : written).toLowerCase();
  const rank = (/** @type {Option} */ o) => {
    const i = o.label.toLowerCase().indexOf(wanted);
    return i < 0 ? Infinity : i === 0 ? 0 : 1;
  };
  const options = offers[place.kind]().filter((o) => rank(o) < Infinity && o.text !== written)
    .sort((a, b) => rank(a) - rank(b)).slice(0, mostOptions);
  return { from: place.from, to: place.kind === "value" ? endOfString(text, cursor, text[place.from]) : cursor, options };
}

/** endOfString is the end of the string at the cursor. */
function endOfString(/** @type {string} */ text, /** @type {number} */ cursor, /** @type {string} */ mark) {
  for (let i = cursor; i < text.length && text[i] !== "\n"; i++) {
    if (text[i] === "\\" && mark !== "`") i++;
    else if (text[i] === mark) return i + 1;
  }
  return cursor;
}

/**
 * accepted is the text with an option inserted, and the new cursor.
 * @param {string} text
 * @param {{from: number, to: number}} at
 * @param {Option} option
 * @returns {[string, number]}
 */
export const accepted = (text, { from, to }, option) => [text.slice(0, from) + option.text + text.slice(to), from + option.text.length];

/**
 * errorPlace finds the position of an error in a query, from the message of Prometheus's
 * parser: "1:6: parse error: …", line and character, from one.
 * @param {string} message
 * @param {string} query
 * @returns {{before: string, at: string, after: string, text: string} | null}
 */
export function errorPlace(message, query) {
  const m = /(?:^|\s)(\d+):(\d+): (?:parse error: )?([^]*)$/.exec(message);
  if (!m) return null;
  const lines = query.split("\n");
  const line = lines[Number(m[1]) - 1];
  if (line === undefined) return null;
  // The parser counts bytes; its positions are those of UTF-8.
  const bytes = new TextEncoder().encode(line);
  const start = new TextDecoder().decode(bytes.slice(0, Number(m[2]) - 1)).length;
  const at = /^(?:[\w:.]+|.)/su.exec(line.slice(start))?.[0] ?? "";
  return { before: line.slice(0, start), at, after: line.slice(start + at.length), text: m[3] };
}
