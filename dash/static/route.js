// One route: its statuses, its methods and its instances.

import { make } from "./dom.js";
import { facts } from "./facts.js";
import { rate, ratio } from "./format.js";
import { ofInstances } from "./names.js";
import { samplesOf } from "./now.js";
import { isError, matchersOf, union } from "./queries.js";
import { placeOf } from "./rows.js";
import { numberOf } from "./sample.js";
import { addressOf } from "./view.js";
import { instances } from "./where.js";
import { instanceCells, instanceHeads } from "./whereview.js";

const number = (/** @type {string} */ label) => ({ label, number: true });

/** routeView returns the tables of a route. */
export function routeView() {
  const statuses = facts("statuses", [{ label: "status" }, number("rateColumn"), number("ofAll")]);
  const methods = facts("methods", [{ label: "method" }, number("rateColumn"), number("ofAll")]);
  const each = facts("instances", instanceHeads.filter((h) => !["cpu", "memory"].includes(h.label)));
  return {
    element: make("div", { class: "where" }, statuses.element, methods.element, each.element),
    /**
     * @param {import("./now.js").Now} now
     * @param {import("./model.js").Service} service
     * @param {import("./queries.js").Subject} subject
     */
    update(now, service, subject) {
      const labels = matchersOf(subject);
      const byStatus = samplesOf(now, `sum by (status) (${now.source.requests(labels)})`);
      if (byStatus) statuses.update(sharesOf(byStatus, "status").map(({ name, value, share }) => ({ key: name, cells: [{ text: name, worse: isError.test(name) }, rate(value), { text: ratio(share), share }] })));
      const byMethod = samplesOf(now, `sum by (method) (${now.source.requests(labels.filter(([name]) => name !== "method"))})`);
      if (byMethod) {
        methods.update(sharesOf(byMethod, "method").filter(({ name }) => name).map(({ name, value, share }) => ({
          key: name, cells: [{ text: name, href: addressOf(now.view, { open: placeOf(service), route: `${name} ${subject.path}` }) }, rate(value), { text: ratio(share), share }],
        })));
      }
      const names = now.config.schemas.find((s) => s.name === service.names) ?? { name: "" };
      const own = ofInstances(names, subject, now.source.window || "1m").filter(([part]) => !["cpu", "memory"].includes(part));
      const found = samplesOf(now, union(own));
      // Columns 5 and 6, CPU and memory, are of whole processes.
      if (found) each.update(instances(found).map((i) => ({ key: i.name, cells: instanceCells(i, now.at).filter((_, c) => c !== 5 && c !== 6) })));
    },
  };
}

/** sharesOf are the values of a label, the largest first, with their share of the sum. */
function sharesOf(/** @type {import("./model.js").Sample[]} */ samples, /** @type {string} */ label) {
  const all = samples.map((s) => ({ name: s.metric[label] ?? "", value: numberOf(s.value[1]) })).filter(({ value }) => value > 0);
  const sum = all.reduce((n, { value }) => n + value, 0);
  return all.map((x) => ({ ...x, share: x.value / sum })).sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1));
}
