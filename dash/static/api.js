// The Prometheus HTTP API, and what can be wrong with its answers.

import { age, visible } from "./format.js";
import { say } from "./messages.js";

/** How long one answer may take, in milliseconds. */
const patience = 30_000;

/**
 * A Problem is an answer that is none. Its kind is a key of messages.js: gone,
 * starting, slowAnswer, query, denied or foreign.
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
 * prometheus returns the part of the API that the page uses.
 * @param {string} base the address of the API, without a slash at its end
 */
export function prometheus(base) {
  return {
    /**
     * @param {string} expr
     * @param {number} [at] seconds since the epoch; now if it is left out
     */
    async query(expr, at) {
      // POST: the query is longer than some proxies let an address be.
      const body = new URLSearchParams({ query: expr });
      if (at !== undefined) body.set("time", String(at));
      const answer = await ask(`${base}/query`, { method: "POST", body });
      if (answer.data?.resultType !== "vector") throw new Problem("foreign", "no vector in the answer", `${base}/query`);
      return { samples: answer.data.result, warnings: answer.warnings ?? [] };
    },
    /**
     * @param {string} expr
     * @param {{from: number, to: number}} bounds seconds since the epoch
     * @param {number} step
     */
    async range(expr, { from, to }, step) {
      const body = new URLSearchParams({ query: expr, start: String(from), end: String(to), step: String(step) });
      const answer = await ask(`${base}/query_range`, { method: "POST", body });
      if (answer.data?.resultType !== "matrix") throw new Problem("foreign", "no matrix in the answer", `${base}/query_range`);
      return answer.data.result;
    },
    async targets() {
      return (await ask(`${base}/targets?state=active`)).data?.activeTargets ?? [];
    },
    /** How often the rules are evaluated from which the page reads, in seconds. */
    async evaluation() {
      const groups = (await ask(`${base}/rules?type=record`)).data?.groups ?? [];
      return groups.find((/** @type {any} */ g) => g.name === "tacho-recording")?.interval ?? NaN;
    },
    /**
     * @param {string} expr
     * @param {{from: number, to: number}} bounds seconds since the epoch
     */
    async exemplars(expr, { from, to }) {
      const body = new URLSearchParams({ query: expr, start: String(from), end: String(to) });
      return (await ask(`${base}/query_exemplars`, { method: "POST", body })).data ?? [];
    },
    async metricNames() {
      return (await ask(`${base}/label/__name__/values`)).data ?? [];
    },
    async metadata() {
      return (await ask(`${base}/metadata`)).data ?? {};
    },
    async alerts() {
      return (await ask(`${base}/alerts`)).data?.alerts ?? [];
    },
  };
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
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(patience) });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    const late = error instanceof DOMException && error.name === "TimeoutError";
    throw new Problem(late ? "slowAnswer" : "gone", "", url);
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
function kindOf(/** @type {number} */ status, /** @type {any} */ answer) {
  if (status === 401 || status === 403) return "denied";
  if (status === 503) return answer && answer.errorType !== "unavailable" ? "query" : "starting";
  if (status === 502 || status === 504) return "gone";
  return answer?.status === "error" ? "query" : "foreign";
}

