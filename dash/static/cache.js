// The cache between the screens and the API: screens request results as often as they
// like; those that are missing are fetched together.

/**
 * A Query is one of: an expression at a time, an expression over a time range, or a list
 * of the API. All times are seconds since the epoch.
 * @typedef {{expr: string, at: number} | {expr: string, from: number, to: number, step: number}} ExprQuery
 * @typedef {ExprQuery | {list: string, at: number, [parameter: string]: string | number | undefined}} Query
 *
 * A Result has either a value or a problem.
 * @typedef {{value?: any, problem?: import("./api.js").Problem}} Result
 */

const keyOf = (/** @type {Query} */ q) => JSON.stringify(q);

/** cache returns an empty cache. */
export function cache() {
  /** @type {Map<string, Result>} */
  const results = new Map();
  /** @type {Map<string, Query>} */
  let requested = new Map();
  return {
    /** begin starts an update of the screens. */
    begin() {
      requested = new Map();
    },
    /**
     * get returns the result of a query, or undefined until there is one.
     * @param {Query} query
     */
    get(query) {
      const key = keyOf(query);
      requested.set(key, query);
      return results.get(key);
    },
    /** missing are the queries requested since begin that have no result. */
    missing: () => [...requested].filter(([key]) => !results.has(key)).map(([, query]) => query),
    /**
     * put stores a result.
     * @param {Query} query
     * @param {Result} result
     */
    put(query, result) {
      results.set(keyOf(query), result);
    },
    /** retry drops failed results, so that their queries run again. */
    retry() {
      for (const [key, result] of results) if (result.problem) results.delete(key);
    },
    /** evict drops results that were not requested since begin. */
    evict() {
      for (const key of results.keys()) if (!requested.has(key)) results.delete(key);
    },
  };
}
