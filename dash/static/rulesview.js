// The alert rules: those that fail to evaluate, a short list of all, and all with their queries.

import { chartOf } from "./alertchart.js";
import { unitOfRule } from "./alerts.js";
import { written } from "./chart.js";
import { facts } from "./facts.js";
import { age, count, nothing, plain } from "./format.js";
import { say } from "./messages.js";

/** Rules that are shown, and in the short list; the rest is counted. */
const [most, mostShort] = [100, 12];

/** rulesView returns three elements: failing rules, the short list, and the list of all rules. */
export function rulesView() {
  const broken = facts("failingRules", [{ label: "rule" }, { label: "error" }, { label: "ruleQuery" }], most);
  const numbers = [{ label: "limitColumn", number: true }, { label: "ruleFor", number: true, hide: "hide-s" }, { label: "activeColumn", number: true }];
  const short = facts("alertRules", [{ label: "rule" }, ...numbers], mostShort, { stays: true });
  const all = facts("alertRules", [{ label: "rule" }, { label: "state" }, ...numbers, { label: "ruleQuery" }], most, { stays: true });
  broken.element.classList.add("broken");
  all.element.classList.add("rules");
  return {
    broken: broken.element,
    short: short.element,
    element: all.element,
    /**
     * @param {import("./alerts.js").Rule[] | null} rules
     * @param {import("./alerts.js").Alert[]} alerts those that are active
     */
    update(rules, alerts) {
      if (!rules) return;
      const key = (/** @type {import("./alerts.js").Rule} */ r, /** @type {number} */ i) => JSON.stringify([r.group, r.name, i]);
      const watching = rules.filter((r) => r.type === "alerting");
      broken.update(rules.filter((r) => r.health === "err").map((r, i) => ({ key: key(r, i), cells: [r.name, { text: r.lastError ?? "", title: r.lastError, worse: true }, queryOf(r)] })));
      const active = (/** @type {import("./alerts.js").Rule} */ r) => activeOf(r, alerts);
      const cells = watching.map((r, i) => ({ r, key: key(r, i), numbers: [limitText(r), r.duration ? age(r.duration) : nothing, active(r)] }));
      short.update([...cells].sort((a, b) => rank(a.r) - rank(b.r)).map(({ r, ...c }) => ({ key: c.key, cells: [{ text: r.name, mono: true }, ...c.numbers] })), [say("noRules"), ""]);
      all.update(cells.map(({ r, ...c }) => ({ key: c.key, cells: [{ text: r.name, mono: true }, stateOf(r), ...c.numbers, queryOf(r)] })), [say("noRules"), ""]);
    },
  };
}

const rank = (/** @type {import("./alerts.js").Rule} */ r) => ["firing", "pending"].indexOf(r.state ?? "") + 1 || 3;

const queryOf = (/** @type {import("./alerts.js").Rule} */ r) => ({ text: r.query ?? "", title: r.query, mono: true });

/** How PromQL's comparison operators are displayed. */
export const signs = /** @type {Record<string, string>} */ ({ ">=": "≥", "<=": "≤", "==": "=", "!=": "≠" });

/** limitText is what a rule compares its value with. */
function limitText(/** @type {import("./alerts.js").Rule} */ r) {
  const chart = chartOf(r.query ?? "");
  return chart && chart.limit !== null ? `${signs[chart.op] ?? chart.op} ${plain(written(unitOfRule(r, chart.expr), chart.limit))}` : nothing;
}

/** activeOf counts a rule's active alerts, colored by the worst; by their name only where the API lists none, as rules share names. */
export function activeOf(/** @type {import("./alerts.js").Rule} */ r, /** @type {import("./alerts.js").Alert[]} */ alerts) {
  const n = r.alerts?.length ?? alerts.filter((a) => a.labels.alertname === r.name).length;
  return { text: count(n), bold: n > 0, tone: r.state === "firing" ? (r.labels?.severity === "critical" || r.labels?.severity === "page" ? "bad" : "warn") : "" };
}

function stateOf(/** @type {import("./alerts.js").Rule} */ r) {
  if (r.health === "err") return { text: say("ruleBroken"), worse: true };
  return say({ firing: "firing", pending: "pending" }[/** @type {string} */ (r.state)] ?? "inactive");
}
