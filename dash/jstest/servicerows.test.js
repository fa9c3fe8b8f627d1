import assert from "node:assert/strict";
import test from "node:test";

import { useZone } from "../static/format.js";
import { orderOf, rows, serviceColumns } from "../static/rows.js";
import { budgetText, inOrder, sinceOf, steadyOrder, versionText } from "../static/servicerows.js";
import { formatView, parseView, sortBy } from "../static/view.js";

const service = (job, numbers, more = {}) => ({ key: job, service: { job, schema: "", rate: NaN, errorRatio: NaN, p95: NaN, targets: NaN, ...numbers }, budget: undefined, version: undefined, ...more });
const since = (time) => ({ judged: { findings: [{ kind: "errors", since: time }] } });

/** The worst first, as the model has them. */
const all = [
  service("shop", { rate: 34, errorRatio: 0.1, p95: 0.678, targets: 2, ...since("2026-01-01T01:49:20Z") }, { budget: 0.41, version: { text: "1.1.0", at: 900 } }),
  service("pay", { rate: 12, errorRatio: 0.002, p95: 1.42, targets: 3, ...since("2026-01-01T01:31:05Z") }, { budget: -0.2, version: { text: "4.8.2", at: 100 } }),
  service("cart", { rate: 120, errorRatio: 0, p95: 0.064, targets: 2 }, { version: { text: "0.9", at: 0 } }),
  service("mail", { rate: 0 }),
];
const order = (sort, descending = false) => inOrder(all, { sort, descending }).map((r) => r.key).join(" ");

test("services are sorted by each column, and what is unknown stays at the end", () => {
  for (const [sort, up, down] of [
    ["state", "shop pay cart mail", "mail cart pay shop"],
    ["service", "cart mail pay shop", "shop pay mail cart"],
    ["rate", "mail pay shop cart", "cart shop pay mail"],
    ["errorRatio", "cart pay shop mail", "shop pay cart mail"],
    ["p95", "cart shop pay mail", "pay shop cart mail"],
    ["budget", "pay shop cart mail", "shop pay cart mail"],
    ["targets", "shop cart pay mail", "pay shop cart mail"],
    ["version", "pay shop cart mail", "shop pay cart mail"],
    ["since", "pay shop cart mail", "shop pay cart mail"],
  ]) assert.deepEqual([order(sort), order(sort, true)], [up, down], sort);
  assert.deepEqual(serviceColumns.map((c) => c.id).length, 9);
});

test("an address keeps the order of services, and other tables are sorted by state then", () => {
  for (const { id, number } of serviceColumns) {
    const view = sortBy(parseView(""), id === "state" ? "service" : id);
    assert.deepEqual(parseView(formatView(view)), view, id);
    assert.equal(view.descending, number, id);
  }
  const byVersion = sortBy(parseView(""), "version");
  assert.deepEqual(orderOf({ sort: "p99", descending: true }, serviceColumns), { sort: "state", descending: false });
  const route = (path, state) => ({ key: path, method: "GET", path, apart: "", state, rate: 1 });
  assert.deepEqual(rows({ job: "shop", state: "errors", routes: [route("/a", "healthy"), route("/b", "errors")] }, byVersion).map((r) => r.path), ["/b", "/a"]);
});

test("rows stay where they are while one is pointed at", () => {
  const steady = steadyOrder();
  const view = { sort: "rate", descending: true };
  const keys = (held, rates, more = view) => steady(rates.map(([job, rate]) => service(job, { rate })), more, held).map((r) => `${r.key}${r.service.rate}`).join(" ");
  assert.equal(keys(false, [["a", 2], ["b", 1]]), "a2 b1");
  assert.equal(keys(true, [["a", 3], ["b", 4]]), "a3 b4");
  assert.equal(keys(false, [["a", 3], ["b", 4]]), "b4 a3");
  assert.equal(keys(true, [["a", 5], ["b", 4]], { sort: "rate", descending: false }), "b4 a5");
  assert.equal(keys(true, [["a", 5], ["c", 1]], { sort: "rate", descending: false }), "c1 a5");
});

test("texts of a row", () => {
  useZone("UTC");
  assert.deepEqual([versionText({ text: "1.1.0", at: 918 }, 978), versionText({ text: "dev", at: 0 }, 978)], ["1.1.0 · 1 min", "dev"]);
  assert.deepEqual([budgetText(0.41), budgetText(-0.2), budgetText(), budgetText(NaN)], ["41.0%", "0%", "–", "–"]);
  const f = { kind: "errors", job: "shop", now: 1, worst: 1, limit: 0, since: "2020-01-01T01:49:20Z" };
  assert.equal(sinceOf(f), "1 Jan 2020, 01:49");
  assert.ok(sinceOf({ ...f, atLeast: true }).startsWith("≤ "));
  assert.equal(sinceOf({ ...f, since: "" }), "");
  useZone("");
});
