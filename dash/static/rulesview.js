// The alert rules: those that fail to evaluate, and all others.

import { make, put } from "./dom.js";
import { facts } from "./facts.js";
import { age, nothing } from "./format.js";
import { say } from "./messages.js";

/** Rules that are shown; the rest is counted. */
const most = 100;

/** rulesView returns two elements: failing rules, and the list of all rules. */
export function rulesView() {
  const broken = facts("failingRules", [{ label: "rule" }, { label: "error" }, { label: "ruleQuery" }], most);
  const all = facts("alertRules", [{ label: "rule" }, { label: "state" }, { label: "ruleFor" }, { label: "ruleQuery" }], most);
  const title = make("summary");
  const element = make("details", { class: "rules" }, title, all.element);
  element.hidden = true;
  return {
    broken: broken.element,
    element,
    /** @param {import("./alerts.js").Rule[] | null} rules */
    update(rules) {
      if (!rules) return;
      const key = (/** @type {import("./alerts.js").Rule} */ r, /** @type {number} */ i) => JSON.stringify([r.group, r.name, i]);
      const watching = rules.filter((r) => r.type === "alerting");
      broken.update(rules.filter((r) => r.health === "err").map((r, i) => ({ key: key(r, i), cells: [r.name, { text: r.lastError ?? "", title: r.lastError, worse: true }, queryOf(r)] })));
      all.update(watching.map((r, i) => ({ key: key(r, i), cells: [r.name, stateOf(r), r.duration ? age(r.duration) : nothing, queryOf(r)] })));
      element.hidden = watching.length === 0;
      put(title, say("rulesCount", { n: watching.length }));
    },
  };
}

const queryOf = (/** @type {import("./alerts.js").Rule} */ r) => ({ text: r.query ?? "", title: r.query });

function stateOf(/** @type {import("./alerts.js").Rule} */ r) {
  if (r.health === "err") return { text: say("ruleBroken"), worse: true };
  return say({ firing: "firing", pending: "pending" }[/** @type {string} */ (r.state)] ?? "inactive");
}
