// The Prometheus HTTP API, and its errors.

import { age, visible } from "./format.js";
import { gap, say } from "./messages.js";
import { pointOf } from "./sample.js";

/** The timeout of a request, in milliseconds. */
const timeout = 60_000;

/** Characters of a URL's query that every proxy accepts. */
const maxURLQuery = 1500;

/** Concurrent requests, if each query is a request. */
const maxConcurrent = 4;

/**
 * A Problem is a failed query. Its kind is a key of messages.js: gone,
 * starting, timedOut, canceled, query, denied or foreign.
 */
export class Problem extends Error {
  /**
   * @param {string} kind
   * @param {string} detail the server's own words
   * @param {string} url
   */
  constructor(kind, detail, url) {
    super(detail);
    this.kind = kind;
    this.url = url;
  }

  /** The problem as a text for the user. */
  text() {
    return [say(this.kind, { url: this.url, age: age(timeout / 1000) }), visible(this.message)].filter(Boolean).join(gap());
  }
}

/**
 * A Range is the result of a range query in columns: one number for each point, null
 * where there is none.
 * @typedef {{start: number, step: number, count: number, series: Series[]}} Range
 * @typedef {{metric: Record<string, string>, values: (number | null)[], histograms?: any[]}} Series
 */

/**
 * Entries of the lists, as far as the page reads them. Not every server sends all fields.
 * @typedef {Record<string, string>} Labels
 * @typedef {{state: string, activeAt: string, value?: string, labels?: Labels, annotations?: Labels}} ListedAlert
 * @typedef {{name: string, type?: string, state?: string, query?: string, duration?: number, health?: string, lastError?: string, labels?: Labels, annotations?: Labels, alerts?: ListedAlert[]}} ListedRule
 * @typedef {{name?: string, interval?: number, rules?: ListedRule[]}} ListedGroup
 * @typedef {{labels?: Labels, scrapePool?: string, scrapeUrl?: string, health: string, lastError?: string, lastScrape: string, lastScrapeDuration: number, scrapeInterval?: string, scrapeTimeout?: string}} ListedTarget
 */

/** The lists of the API by name: the path, and the list in the response. */
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
 * @param {string} base the address of the API, without a trailing slash
 * @param {string} batch the address of the endpoint for batches of queries, "" for none
 */
export function prometheus(base, batch) {
  const api = {
    /**
     * @param {string} expr
     * @param {number} [at] seconds since the epoch; now if it is left out
     * @param {AbortSignal} [signal]
     */
    async query(expr, at, signal) {
      // POST: the query is longer than some proxies allow in a URL.
      const body = new URLSearchParams({ query: expr });
      if (at !== undefined) body.set("time", String(at));
      const answer = await request(`${base}/query`, { method: "POST", body, signal });
      if (answer.data?.resultType !== "vector" && answer.data?.resultType !== "matrix" && answer.data?.resultType !== "scalar") {
        throw new Problem("foreign", "no vector in the response", `${base}/query`);
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
      const answer = await request(`${base}/query_range`, { method: "POST", body, signal });
      if (answer.data?.resultType !== "matrix") throw new Problem("foreign", "no matrix in the response", `${base}/query_range`);
      return columnsOf(answer.data.result, { from, to }, step);
    },
    /**
     * list fetches one of the lists.
     * @param {string} name
     * @param {Record<string, string | number | undefined>} [parameters]
     * @param {AbortSignal} [signal]
     */
    async list(name, parameters = {}, signal) {
      const [pattern, part] = lists[name];
      const path = pattern.replace("{label}", encodeURIComponent(parameters.label ?? ""));
      const given = Object.entries(parameters).filter(([key]) => !["list", "at", "label"].includes(key));
      const query = new URLSearchParams(given.map(([k, v]) => [k, String(v)])).toString();
      // Label values need GET; a long query needs POST.
      const long = query.length > maxURLQuery;
      const address = query && !long ? `${base}/${path}${path.includes("?") ? "&" : "?"}${query}` : `${base}/${path}`;
      return part((await request(address, long ? { method: "POST", body: new URLSearchParams(query), signal } : { signal })).data);
    },
    /**
     * verdict fetches the server's verdict; null if it has none.
     * @param {string} url
     * @param {AbortSignal} [signal]
     * @returns {Promise<import("./verdict.js").Verdict | null>}
     */
    async verdict(url, signal) {
      const { status, text } = await read(url, { signal });
      try {
        return status === 200 ? JSON.parse(text) : null;
      } catch {
        return null;
      }
    },
    /**
     * many runs all queries; each result has a value or a problem.
     * @param {import("./cache.js").Query[]} queries
     * @param {AbortSignal} [signal]
     * @returns {Promise<import("./cache.js").Result[]>}
     */
    async many(queries, signal) {
      const together = /** @type {import("./cache.js").ExprQuery[]} */ (batch ? queries.filter((q) => "expr" in q && !("list" in q)) : []);
      const rest = queries.filter((q) => !together.includes(/** @type {import("./cache.js").ExprQuery} */ (q)));
      const answers = new Map();
      const all = together.length ? requestBatch(batch, together, signal) : Promise.resolve([]);
      await Promise.all([
        all.then((found) => found.forEach((a, i) => answers.set(together[i], a)), (error) => {
          // A proxy only forwards the API, or the server is older than the page.
          if (!(error instanceof Problem) || error.kind !== "foreign") throw error;
          batch = "";
        }),
        ...Array.from({ length: maxConcurrent }, () => drain(rest, answers, (q) => one(api, q, signal))),
      ]);
      return together.length && !batch ? api.many(queries, signal) : queries.map((q) => answers.get(q));
    },
  };
  return api;
}

/** @typedef {import("./cache.js").Query} Query */

/** drain runs one query after the other until none is left. */
async function drain(/** @type {Query[]} */ rest, /** @type {Map<Query, import("./cache.js").Result>} */ answers, /** @type {(q: Query) => Promise<unknown>} */ answer) {
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
 * one runs a query as a request of its own.
 * @param {{list: Function, range: Function, query: Function}} api
 * @param {Query} q
 * @param {AbortSignal} [signal]
 * @returns {Promise<unknown>}
 */
function one(api, q, signal) {
  if ("list" in q) return api.list(q.list, q, signal);
  return "step" in q ? api.range(q.expr, q, q.step, signal) : api.query(q.expr, q.at, signal);
}

/** Queries in one batch, at most. */
const maxBatch = 100;

/** requestBatch runs all queries in batches. */
async function requestBatch(/** @type {string} */ url, /** @type {import("./cache.js").ExprQuery[]} */ queries, /** @type {AbortSignal | undefined} */ signal) {
  const answers = [];
  for (let i = 0; i < queries.length; i += maxBatch) {
    const part = queries.slice(i, i + maxBatch).map((q) => ("step" in q ? { query: q.expr, start: q.from, end: q.to, step: q.step } : { query: q.expr, time: q.at }));
    const answer = await request(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ queries: part }), signal });
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

/** vectorOf reads a matrix as all its samples, and a scalar as one sample. */
function vectorOf(/** @type {any} */ { resultType, result }) {
  if (resultType === "scalar") return [{ metric: {}, value: result }];
  if (resultType !== "matrix") return result;
  return result.flatMap((/** @type {{metric: Labels, values?: [number, string][]}} */ s) => (s.values ?? []).map((value) => ({ metric: s.metric, value })));
}

/**
 * columnsOf converts a matrix, which can lack points, to columns.
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
async function request(url, init) {
  const { status, text } = await read(url, init);
  const answer = parse(text);
  if (status === 200 && answer?.status === "success") return answer;
  throw new Problem(kindOf(status, answer), answer?.error ?? `${status} ${text.slice(0, 300).trim()}`, url);
}

/** read reads the entire response: a truncated one counts as gone, too. */
async function read(/** @type {string} */ url, /** @type {RequestInit | undefined} */ init) {
  const both = new AbortController();
  const signal = init?.signal;
  let late = false;
  const timer = setTimeout(() => { late = true; both.abort(); }, timeout);
  const abort = () => both.abort();
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    const response = await fetch(url, { ...init, signal: both.signal });
    return { status: response.status, text: await response.text() };
  } catch {
    throw new Problem(late ? "timedOut" : signal?.aborted ? "canceled" : "gone", "", url);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
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

/** kindOf: Prometheus sends 503 both while it is not ready and for a query that timed out. */
function kindOf(/** @type {number} */ status, /** @type {{status: string, errorType?: string} | undefined} */ answer) {
  if (status === 401 || status === 403) return "denied";
  if (status === 503) return answer && answer.errorType !== "unavailable" ? "query" : "starting";
  if (status === 502 || status === 504) return "gone";
  return answer?.status === "error" ? "query" : "foreign";
}
