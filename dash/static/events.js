// What happened in a range: deployments, restarts, notes, and alerts that began to fire. Pure.

import { selector } from "./queries.js";

/**
 * An Event is something that happened at a moment.
 * @typedef {{key: string, at: number, kind: "deploy" | "restart" | "note" | "alert", text: string, n?: number, alert?: string, severity?: string}} Event
 */

/**
 * firingOver is the query for the alerts of a job that fire.
 * @param {string} job
 */
export const firingOver = (job) => `max by (alertname, method, path, severity) (ALERTS${selector([["alertstate", "=", "firing"], ["job", "=", job]])})`;

/**
 * eventsOf are the marks and the beginnings of alerts, the newest first. An alert that already fired when the
 * range began has no beginning in it.
 * @param {import("./marks.js").Mark[]} marks
 * @param {import("./api.js").Range | null} firing
 * @returns {Event[]}
 */
export function eventsOf(marks, firing) {
  const alerts = (firing?.series ?? []).flatMap(({ metric, values }) => values.flatMap((v, i) => {
    if (i === 0 || v === null || values[i - 1] !== null) return [];
    const at = /** @type {import("./api.js").Range} */ (firing).start + i * /** @type {import("./api.js").Range} */ (firing).step;
    const { alertname = "", method = "", path = "", severity = "" } = metric;
    return [/** @type {Event} */ ({ key: JSON.stringify(["alert", at, metric]), at, kind: "alert", text: path ? `${method} ${path}`.trim() : "", alert: alertname, severity })];
  }));
  const others = marks.map((m) => /** @type {Event} */ ({ key: m.key, at: m.at, kind: m.kind, text: m.text }));
  return [...alerts, ...others].sort((a, b) => b.at - a.at || (a.key < b.key ? -1 : 1));
}
