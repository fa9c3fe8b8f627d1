import assert from "node:assert/strict";
import test from "node:test";

import { activeAlerts, alertGroups, downTargets, markRatesMissing, services } from "../static/model.js";
import { guess } from "../static/verdict.js";

const sample = (part, metric, value) => ({ metric: { part, ...metric }, value: [0, String(value)] });
const route = (job, path, method = "GET") => ({ job, schema: "default", method, path });

/** One service with one route of these numbers. */
function one(numbers, ...more) {
  return services([...Object.entries(numbers).map(([part, n]) => sample(part, route("shop", "/"), n)), ...more])[0];
}

test("states", () => {
  const targets = sample("targets", { job: "shop" }, 2);
  const down = (instance) => sample("down", { job: "shop", instance }, 0);
  for (const [want, got] of [
    ["healthy", one({ rate: 1, p95: 0.2 })],
    ["idle", one({ rate: 0, p95: NaN })],
    ["errors", one({ rate: 1, errors: 0.051 })],
    ["healthy", one({ rate: 1, errors: 0.05 })], // at the limit, the alert does not fire either
    ["healthy", one({ rate: 1.1, errors: 0.054 })], // below five in a hundred
    ["healthy", one({ rate: 0.04, errors: 0.04 })], // too few to say
    ["slow", one({ rate: 1, p95: 1 })],
    ["healthy", one({ rate: 0.01, p95: 9 })],
    ["errors", one({ rate: 1, errors: 1, p95: 9 })],
    ["errors", one({ rate: 1, errors: 1 }, targets, down("a"))],
    ["down", one({ rate: 1 }, targets, down("a"))],
    ["down", one({ rate: 1, errors: 1 }, targets, down("a"), down("b"))],
    ["noData", services([targets])[0]],
    ["down", services([targets, down("a"), down("b")])[0]],
  ]) assert.equal(got.state, want, JSON.stringify(got));
});

test("a service is as bad as its worst route, however busy the others are", () => {
  const [s] = services([sample("rate", route("shop", "/"), 1000), sample("rate", route("shop", "/pay"), 1), sample("errors", route("shop", "/pay"), 1)]);
  assert.equal(s.state, "errors");
  guess([s], [], []);
  assert.deepEqual(s.judged.findings.map((f) => [f.kind, f.method, f.path, f.now]), [["errors", "GET", "/pay", 1]]);
});

test("numbers of a service are sums of its routes'", () => {
  const [s] = services([
    sample("rate", route("shop", "/"), 3), sample("rate", route("shop", "/", "POST"), 1), sample("errors", route("shop", "/"), 1),
    sample("seconds", route("shop", "/"), 3), sample("seconds", route("shop", "/", "POST"), 1),
  ]);
  assert.deepEqual([s.rate, s.errorRatio, s.routes.map((r) => r.share)], [4, 0.25, [0.75, 0.25]]);
});

test("worst first, then by name; schemas of a job stand apart", () => {
  const all = services([
    sample("rate", route("b", "/"), 1), sample("rate", route("a", "/"), 1), sample("rate", { job: "a", schema: "flask", path: "/" }, 1),
    sample("targets", { job: "a" }, 3), sample("targets", { job: "z" }, 1), sample("down", { job: "z", instance: "i" }, 0),
  ]);
  assert.deepEqual(all.map((s) => [s.job, s.schema, s.state, s.targets]),
    [["z", "", "down", 1], ["a", "default", "healthy", 3], ["a", "flask", "healthy", 3], ["b", "", "healthy", NaN]]);
});

test("the last finite bound is known, others are not taken for it", () => {
  const bound = (le) => sample("bounds", { job: "shop", schema: "default", le }, 1);
  assert.equal(one({ rate: 1 }, bound("+Inf"), bound("10.0"), bound("2.5"), bound("0.1")).lastBound, 10);
  assert.equal(one({ rate: 1 }, bound("+Inf"), bound("10.0"), bound("2.5"), bound("0.1")).firstBound, 0.1);
  assert.ok(Number.isNaN(one({ rate: 1 }, bound("+Inf")).lastBound));
  const s = one({ rate: 1 }, bound("+Inf"), bound("10.0"), bound("0.1"), bound("0"));
  assert.equal(s.firstBound, 0.1);
});

test("names of JavaScript's own are names like others", () => {
  const [s] = services([sample("rate", route("__proto__", "constructor"), 1), sample("toString", {}, 1), sample("__proto__", {}, 1)]);
  assert.deepEqual([s.job, s.routes[0].path, s.rate], ["__proto__", "constructor", 1]);
});

test("targets down carry Prometheus's words if it has some", () => {
  const samples = [sample("down", { job: "b", instance: "x" }, 0), sample("down", { job: "a", instance: "y" }, 0)];
  const target = { health: "down", labels: { job: "b", instance: "x" }, lastError: "refused", scrapeUrl: "u" };
  assert.deepEqual(downTargets(samples, [target]).map((t) => [t.job, t.error]), [["a", ""], ["b", "refused"]]);
  assert.deepEqual(downTargets(samples, null).map((t) => t.error), ["", ""]);
});

test("firing alerts first, then the older; inactive ones are not listed", () => {
  const alert = (state, activeAt, name) => ({ state, activeAt, labels: { alertname: name } });
  const got = activeAlerts([alert("pending", "1", "P"), alert("firing", "3", "F3"), alert("inactive", "0", "I"), alert("firing", "2", "F2"), { state: "firing" }]);
  assert.deepEqual(got.map((a) => a.labels.alertname), ["F2", "F3", undefined, "P"]);
});

test("alerts of one name stand together, as firing if one of them is", () => {
  const alert = (state, activeAt, alertname, path) => ({ state, activeAt, labels: { alertname, path } });
  const got = alertGroups(activeAlerts([
    alert("pending", "1", "Slow", "/a"), alert("firing", "3", "Errors", "/b"), alert("firing", "2", "Slow", "/c"), alert("pending", "0", "Gone", "/d"),
  ]));
  assert.deepEqual(got.map((g) => [g.name, g.state, g.alerts.map((a) => a.labels.path)]),
    [["Slow", "firing", ["/c", "/a"]], ["Errors", "firing", ["/b"]], ["Gone", "pending", ["/d"]]]);
});

test("requests without a status are not requests without errors", () => {
  const s = one({ rate: 3, statusless: 1 });
  assert.ok(Number.isNaN(s.errorRatio) && Number.isNaN(s.routes[0].errorRatio));
  assert.equal(s.state, "healthy");
  assert.equal(one({ rate: 3, statusless: 1, errors: 1 }).errorRatio, 1 / 3); // some of them have one
});

test("a service that is counted and has no rate says so", () => {
  const all = services([sample("targets", { job: "shop" }, 1), sample("targets", { job: "bare" }, 1)]);
  markRatesMissing(all, [{ labels: { alertname: "TachoRatesMissing", job: "shop" }, state: "pending" }, { labels: { alertname: "Other", job: "bare" } }]);
  assert.deepEqual(all.map((s) => [s.job, s.state, Boolean(s.ratesMissing)]).sort(), [["bare", "noData", false], ["shop", "noData", true]]);
});
