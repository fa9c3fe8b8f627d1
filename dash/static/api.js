// The Prometheus HTTP API, and what can be wrong with its answers.

import { age, visible } from "./format.js";
import { say } from "./messages.js";
import { pointOf } from "./sample.js";

/** How long one answer may take, in milliseconds. */
const patience = 60_000;

/** Characters of a query that every proxy lets an address have. */
const mostAddress = 1500;

/** How many requests are under way at a time, where each question is one. */
const abreast = 4;

/**
 * A Problem is an answer that is none. Its kind is a key of messages.js: gone,
 * starting, timedOut, canceled, query, denied or foreign.
 */
export class Problem extends Error {
  /**
   * @param {string} kind
   * @param {string} detail what the other side said
   * @param {string} url
   */
  constructor(kind, detail, url) {
    super(detail);
    this.kind = kind;
    this.url = url;
  }

  /** What is wrong, in words. */
  text() {
    return [say(this.kind, { url: this.url, age: age(patience / 1000) }), visible(this.message)].filter(Boolean).join(" ");
  }
}

/**
 * A Range is what an expression was over a span, in columns: as many numbers as
 * there are points, null where there is none.
 * @typedef {{start: number, step: number, count: number, series: Series[]}} Range
 * @typedef {{metric: Record<string, string>, values: (number | null)[], histograms?: any[]}} Series
 */

/**
 * What the lists are of, as far as the page reads it. Not every server knows all of it.
 * @typedef {Record<string, string>} Labels
 * @typedef {{state: string, activeAt: string, value?: string, labels?: Labels, annotations?: Labels}} ListedAlert
 * @typedef {{name: string, type?: string, state?: string, query?: string, duration?: number, health?: string, lastError?: string, labels?: Labels, annotations?: Labels, alerts?: ListedAlert[]}} ListedRule
 * @typedef {{name?: string, interval?: number, rules?: ListedRule[]}} ListedGroup
 * @typedef {{labels?: Labels, scrapePool?: string, scrapeUrl?: string, health: string, lastError?: string, lastScrape: string, lastScrapeDuration: number, scrapeInterval?: string, scrapeTimeout?: string}} ListedTarget
 */

/** The lists of the API, by the name of a question: where they are, and which part of the answer they are. */
const lists = /** @type {Record<string, [string, (data: any) => any]>} */ ({
  targets: ["targets?state=active", (data) => data?.activeTargets ?? []],
  alerts: ["alerts", (data) => data?.alerts ?? []],
  rules: ["rules?type=alert", (data) => data?.groups ?? []],
  recording: ["rules?type=record", (data) => data?.groups ?? []],
  alertmanagers: ["alertmanagers", (data) => data?.activeAlertmanagers ?? []],
  metricNames: ["label/__name__/values", (data) => data ?? []],
  metadata: ["metadata", (data) => data ?? {}],
  exemplars: ["query_exemplars", (data) => data ?? []],
  parse: ["parse_query", (data) => data ?? {}],
  labels: ["labels", (data) => data ?? []],
  values: ["label/{label}/values", (data) => data ?? []],
});

/**
 * prometheus returns the part of the API that the page uses.
 * @param {string} base the address of the API, without a slash at its end
 * @param {string} batch the address of the endpoint that answers many questions at once, "" for none
 */
export function prometheus(base, batch) {
  const api = {
    /**
     * @param {string} expr
     * @param {number} [at] seconds since the epoch; now if it is left out
     * @param {AbortSignal} [signal]
     */
    async query(expr, at, signal) {
      // POST: the query is longer than some proxies let an address be.
      const body = new URLSearchParams({ query: expr });
      if (at !== undefined) body.set("time", String(at));
      const answer = await ask(`${base}/query`, { method: "POST", body, signal });
      if (answer.data?.resultType !== "vector" && answer.data?.resultType !== "matrix" && answer.data?.resultType !== "scalar") {
        throw new Problem("foreign", "no vector in the answer", `${base}/query`);
      }
      return { samples: vectorOf(answer.data), warnings: answer.warnings ?? [] };
    },
    /**
     * @param {string} expr
     * @param {{from: number, to: number}} bounds seconds since the epoch
     * @param {number} step
     * @param {AbortSignal} [signal]
     * @returns {Promise<Range>}
     */
    async range(expr, { from, to }, step, signal) {
      const body = new URLSearchParams({ query: expr, start: String(from), end: String(to), step: String(step) });
      const answer = await ask(`${base}/query_range`, { method: "POST", body, signal });
      if (answer.data?.resultType !== "matrix") throw new Problem("foreign", "no matrix in the answer", `${base}/query_range`);
      return columnsOf(answer.data.result, { from, to }, step);
    },
    /**
     * list asks for one of the lists, with the parameters that it takes.
     * @param {string} name
     * @param {Record<string, string | number | undefined>} [parameters]
     * @param {AbortSignal} [signal]
     */
    async list(name, parameters = {}, signal) {
      const [pattern, part] = lists[name];
      const path = pattern.replace("{label}", encodeURIComponent(parameters.label ?? ""));
      const given = Object.entries(parameters).filter(([key]) => !["list", "at", "label"].includes(key));
      const query = new URLSearchParams(given.map(([k, v]) => [k, String(v)])).toString();
      // Values of a label are had by GET alone; a long query only by POST.
      const long = query.length > mostAddress;
      const address = query && !long ? `${base}/${path}${path.includes("?") ? "&" : "?"}${query}` : `${base}/${path}`;
      return part((await ask(address, long ? { method: "POST", body: new URLSearchParams(query), signal } : { signal })).data);
    },
    /**
     * many answers all questions, each with a value or with what is wrong.
     * @param {import("./desk.js").Question[]} questions
     * @param {AbortSignal} [signal]
     * @returns {Promise<import("./desk.js").Answer[]>}
     */
    async many(questions, signal) {
      const together = /** @type {import("./desk.js").Asked[]} */ (batch ? questions.filter((q) => "expr" in q && !("list" in q)) : []);
      const rest = questions.filter((q) => !together.includes(/** @type {import("./desk.js").Asked} */ (q)));
      const answers = new Map();
      const all = together.length ? askBatch(batch, together, signal) : Promise.resolve([]);
      await Promise.all([
        all.then((found) => found.forEach((a, i) => answers.set(together[i], a)), (error) => {
          // A proxy in between knows the API alone, or the server is older than the page.
          if (!(error instanceof Problem) || error.kind !== "foreign") throw error;
          batch = "";
        }),
        ...Array.from({ length: abreast }, () => drain(rest, answers, (q) => one(api, q, signal))),
      ]);
      return together.length && !batch ? api.many(questions, signal) : questions.map((q) => answers.get(q));
    },
  };
  return api;
}

/** @typedef {import("./desk.js").Question} Question */

/** drain answers one question after the other until there are none left. */
async function drain(/** @type {Question[]} */ rest, /** @type {Map<Question, import("./desk.js").Answer>} */ answers, /** @type {(q: Question) => Promise<unknown>} */ answer) {
  for (let q = rest.shift(); q; q = rest.shift()) {
    try {
      answers.set(q, { value: await answer(q) });
    } catch (error) {
      if (!(error instanceof Problem) || error.kind === "canceled") throw error;
      answers.set(q, { problem: error });
    }
  }
}

/**
 * one answers a question by a request of its own.
 * @param {{list: Function, range: Function, query: Function}} api
 * @param {Question} q
 * @param {AbortSignal} [signal]
 * @returns {Promise<unknown>}
 */
function one(api, q, signal) {
  if ("list" in q) return api.list(q.list, q, signal);
  return "step" in q ? api.range(q.expr, q, q.step, signal) : api.query(q.expr, q.at, signal);
}

/** As many questions as the endpoint takes at once. */
const mostAtOnce = 100;

/** askBatch asks all at once. */
async function askBatch(/** @type {string} */ url, /** @type {import("./desk.js").Asked[]} */ questions, /** @type {AbortSignal | undefined} */ signal) {
  const answers = [];
  for (let i = 0; i < questions.length; i += mostAtOnce) {
    const queries = questions.slice(i, i + mostAtOnce).map((q) => ("step" in q ? { query: q.expr, start: q.from, end: q.to, step: q.step } : { query: q.expr, time: q.at }));
    const answer = await ask(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ queries }), signal });
    answers.push(...answer.data.results.map((/** @type {any} */ r) => resultOf(r, url)));
  }
  return answers;
}

/** resultOf reads one result of a batch. */
export function resultOf(/** @type {any} */ r, /** @type {string} */ url) {
  if (r.error) return { problem: new Problem("query", r.error, url) };
  if (r.resultType !== "columns") return { value: { samples: vectorOf(r), warnings: r.warnings ?? [] } };
  for (const s of r.series) s.values = (s.values ?? new Array(r.count).fill(null)).map(pointOf);
  return { value: r };
}

/** vectorOf takes a matrix as all its samples, and a scalar as one. */
function vectorOf(/** @type {any} */ { resultType, result }) {
  if (resultType === "scalar") return [{ metric: {}, value: result }];
  if (resultType !== "matrix") return result;
  return result.flatMap((/** @type {{metric: Labels, values?: [number, string][]}} */ s) => (s.values ?? []).map((value) => ({ metric: s.metric, value })));
}

/**
 * columnsOf puts a matrix, whose points may be missing, into columns.
 * @param {{metric: Record<string, string>, values?: [number, string][], histograms?: [number, any][]}[]} matrix
 * @param {{from: number, to: number}} bounds
 * @param {number} step
 * @returns {Range}
 */
export function columnsOf(matrix, { from, to }, step) {
  const count = Math.floor((to - from) / step + 1e-9) + 1;
  const fill = (/** @type {[number, any][]} */ points, /** @type {(v: any) => unknown} */ read) => {
    const column = new Array(count).fill(null);
    for (const [at, v] of points) {
      const i = Math.round((at - from) / step);
      if (i >= 0 && i < count) column[i] = read(v);
    }
    return column;
  };
  const series = matrix.map(({ metric, values, histograms }) => ({
    metric, values: fill(values ?? [], pointOf), ...(histograms ? { histograms: fill(histograms, (h) => h) } : {}),
  }));
  return { start: from, step, count, series };
}

/**
 * @param {string} url
 * @param {RequestInit} [init]
 */
async function ask(url, init) {
  const { status, text } = await read(url, init);
  const answer = parse(text);
  if (status === 200 && answer?.status === "success") return answer;
  throw new Problem(kindOf(status, answer), answer?.error ?? `${status} ${text.slice(0, 300).trim()}`, url);
}

/** Reads the whole answer: one that breaks off in the middle is gone as well. */
async function read(/** @type {string} */ url, /** @type {RequestInit | undefined} */ init) {
  const both = new AbortController();
  const asked = init?.signal;
  let late = false;
  const timer = setTimeout(() => { late = true; both.abort(); }, patience);
  const abort = () => both.abort();
  asked?.addEventListener("abort", abort);
  if (asked?.aborted) abort();
  try {
    const response = await fetch(url, { ...init, signal: both.signal });
    return { status: response.status, text: await response.text() };
  } catch {
    throw new Problem(late ? "timedOut" : asked?.aborted ? "canceled" : "gone", "", url);
  } finally {
    clearTimeout(timer);
    asked?.removeEventListener("abort", abort);
  }
}

function parse(/** @type {string} */ text) {
  try {
    const value = JSON.parse(text);
    return typeof value?.status === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Prometheus answers 503 for two things: not ready yet, and a query that took too long. */
function kindOf(/** @type {number} */ status, /** @type {{status: string, errorType?: string} | undefined} */ answer) {
  if (status === 401 || status === 403) return "denied";
  if (status === 503) return answer && answer.errorType !== "unavailable" ? "query" : "starting";
  if (status === 502 || status === 504) return "gone";
  return answer?.status === "error" ? "query" : "foreign";
}
