// What the verdict found of each route of a service, in the words of a cell. Pure.

import { say } from "./messages.js";
import { limitsOf } from "./model.js";
import { clockAt, routeKey, secondsAt, stateOfKind } from "./verdict.js";

/** @typedef {import("./verdict.js").Finding} Finding */

/** The kinds of findings that a route can have, and their words. */
const words = /** @type {Record<string, string>} */ ({ errors: "newsErrors", latency: "newsLatency" });

/**
 * findingsOf are a service's findings by the key of their route: what goes on, else what is over.
 * @param {import("./model.js").Service} service
 * @returns {Map<string, Finding[]>}
 */
export function findingsOf({ judged }) {
  const of = (/** @type {Finding[] | null | undefined} */ all) => {
    const found = new Map();
    for (const f of all ?? []) {
      if (f.path === undefined || !(f.kind in words)) continue;
      found.set(routeKey(f), [...(found.get(routeKey(f)) ?? []), f]);
    }
    return found;
  };
  return new Map([...of(judged?.over), ...of(judged?.findings)]);
}

/**
 * ranksOf are the places of a service's routes in its verdict, the worst first.
 * @param {import("./model.js").Service} service
 * @returns {Map<string, number>}
 */
export function ranksOf({ judged }) {
  const keys = (judged?.findings ?? []).filter((f) => f.path !== undefined).map(routeKey);
  return new Map([...new Set(keys)].map((key, i) => [key, i]));
}

/**
 * newsOf says what is wrong with a route and since when, or until when it was: "slow on b since 01:49:20".
 * @param {Finding[]} findings of one route
 * @returns {{text: string, state: string}} the state colors the text; "" for what is over
 */
export function newsOf(findings) {
  const [first] = findings;
  if (!first) return { text: "", state: "" };
  const what = [...new Set(findings.map((f) => f.kind))].map((kind) => say(words[kind])).join(say("listComma"));
  const places = new Set(findings.map((f) => f.where?.only ?? ""));
  const place = places.size === 1 && first.where?.only ? say("newsOn", { instance: first.where.only }) : "";
  if (first.until) return { text: say("newsUntil", { what, place, time: clockAt(latest(findings)) }), state: "" };
  if (!first.since) return { text: what, state: stateOfKind(first.kind) };
  const since = clockAt(Math.min(...findings.map((f) => secondsAt(f.since))));
  return { text: say(findings.some((f) => f.atLeast) ? "newsBefore" : "newsSince", { what, place, time: since }), state: stateOfKind(first.kind) };
}

const latest = (/** @type {Finding[]} */ findings) => Math.max(...findings.map((f) => secondsAt(f.until)));

/**
 * latencyLimit is the limit of p95 in a service: that of a finding, else that of the verdict, else the default.
 * @param {import("./model.js").Service} service
 */
export const latencyLimit = ({ job, judged }) => [...(judged?.findings ?? []), ...(judged?.over ?? [])].find((f) => f.kind === "latency" && f.limit > 0)?.limit ?? limitsOf(job).slow;
