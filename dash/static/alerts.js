// What alerts are about: the chart that made one fire, those that are over, and links to
// silence them. Pure.

/** The pairs of brackets, and what strings in PromQL begin with. */
const closing = /** @type {Record<string, string>} */ ({ "(": ")", "[": "]", "{": "}" });

/**
 * words splits a query at the top level, outside of brackets, strings and comments: [text,
 * depth], so that what one looks for is not found inside of them.
 * @param {string} query
 * @returns {{text: string, top: boolean}[]}
 */
export function words(query) {
  /** @type {{text: string, top: boolean}[]} */
  const found = [];
  let depth = 0;
  const all = query.matchAll(/#[^\n]*|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|`[^`]*`?|[A-Za-z_:][\w:]*|[<>=!]=?|=~|!~|[\d.]+(?:[eE][+-]?\d+)?|\s+|./gs);
  for (const [text] of all) {
    if (text.startsWith("#")) continue;
    if (Object.values(closing).includes(text)) depth--;
    found.push({ text, top: depth === 0 });
    if (text in closing) depth++;
  }
  return found;
}

/**
 * chartOf is what an alert's query compares with a limit: what is drawn, and where the
 * limit is. A query that compares nothing is drawn as it is.
 * @param {string} query
 * @returns {{expr: string, op: string, limit: number | null}}
 */
export function chartOf(query) {
  const all = words(query);
  const whole = all.map((w) => w.text).join("").trim();
  // One of several: which one it is the query does not say.
  if (all.some((w) => w.top && /^or$/i.test(w.text))) return { expr: whole, op: "", limit: null };
  const set = all.findIndex((w) => w.top && /^(and|unless)$/i.test(w.text));
  const first = set < 0 ? all : all.slice(0, set);
  const at = first.findLastIndex((w) => w.top && /^([<>]=?|[=!]=)$/.test(w.text));
  const text = (/** @type {{text: string}[]} */ of) => of.map((w) => w.text).join("").trim();
  const limit = at < 0 ? "" : text(first.slice(at + 1)).replace(/^bool\b\s*/, "");
  if (at < 0 || !/^[+-]?[\d.]+(?:[eE][+-]?\d+)?$/.test(limit)) return { expr: text(first), op: "", limit: null };
  return { expr: text(first.slice(0, at)), op: first[at].text, limit: Number(limit) };
}

/**
 * agrees reports that a series may be what an alert is about: no label says otherwise.
 * @param {Record<string, string>} metric
 * @param {Record<string, string>} labels of the alert
 */
export const agrees = (metric, labels) =>
  Object.entries(metric).every(([name, value]) => name === "__name__" || labels[name] === undefined || labels[name] === value);

/**
 * ruleOf is the rule that an alert is of, or undefined.
 * @param {any[]} groups of the API
 * @param {Record<string, string>} labels
 */
export function ruleOf(groups, labels) {
  const rules = groups.flatMap((g) => g.rules ?? []).filter((r) => r.name === labels.alertname);
  return rules.find((r) => agrees(r.labels ?? {}, labels)) ?? rules[0];
}

/**
 * A Past is a time during which an alert fired.
 * @typedef {{key: string, labels: Record<string, string>, from: number, to: number}} Past
 */

/**
 * pastOf are the times in which alerts fired and that are over, the newest first.
 * @param {import("./api.js").Range} answer of ALERTS{alertstate="firing"}
 * @param {number} most
 * @returns {Past[]}
 */
export function pastOf({ start, step, count, series }, most) {
  const found = [];
  for (const { metric, values } of series) {
    const { __name__, alertstate, ...labels } = metric;
    void __name__, alertstate;
    for (let i = 0; i < count; i++) {
      if (values[i] === null) continue;
      let end = i;
      while (end + 1 < count && values[end + 1] !== null) end++;
      // One that still fires stands in the list above.
      if (end + 1 < count) found.push({ key: JSON.stringify([labels, i]), labels, from: start + i * step, to: start + end * step });
      i = end;
    }
  }
  return found.sort((a, b) => b.to - a.to || b.from - a.from || (a.key < b.key ? -1 : 1)).slice(0, most);
}

/**
 * silenceLink is Alertmanager's page for a new silence of an alert, "" if its address is
 * none.
 * @param {string} url of the API that alerts are sent to
 * @param {Record<string, string>} labels
 */
export function silenceLink(url, labels) {
  const base = /^(https?:\/\/.+?)\/api\/v[12]\/alerts$/.exec(url)?.[1];
  if (!base) return "";
  const matchers = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",");
  return `${base}/#/silences/new?filter=${encodeURIComponent(`{${matchers}}`)}`;
}

/**
 * restOf are the labels of an alert that tell it from its siblings.
 * @param {Record<string, string>} labels
 */
export const restOf = (labels) => Object.entries(labels).filter(([name]) => name !== "alertname").map(([name, value]) => `${name}: ${value}`).join(", ");
