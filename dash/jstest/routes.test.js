import assert from "node:assert/strict";
import test from "node:test";
import { alertsOf, commonQueries, conclusion, speedConclusion, speedQueries, speedsOf, tally, traitsOf, versionsOf } from "../static/common.js";
import { csvField, routesCSV } from "../static/csv.js";
import { filterOf, statusPattern } from "../static/filter.js";
import { findingsOf, latencyLimit, newsOf, ranksOf } from "../static/findings.js";
import { placeOnAxis, widthOf } from "../static/geometry.js";
import { learnLimits } from "../static/model.js";
import { firstOf, rows } from "../static/rows.js";
import { areaPath } from "../static/sparkline.js";
import { parseView } from "../static/view.js";
import { clockAt } from "../static/verdict.js";
import { promise } from "../static/learn.js";

const route = (path, more = {}) => ({ key: JSON.stringify(["GET", path]), method: "GET", path, apart: "", state: "healthy", rate: 1, errorRatio: 0, p50: 0.01, p95: 0.02, p99: 0.03, share: 0.1, ...more });

test("the filter compares numbers, and knows words and statuses", () => {
  const slow = route("/slow", { p95: 0.6, errorRatio: 0.02, rate: 3, share: 0.5, statuses: ["500", "404"] });
  for (const [filter, want] of [
    ["p95>500ms", true], ["p95>0.6s", false], ["p95>=0.6s", true], ["p95<1s", true], ["p95>500", true], ["P95>500MS", true], ["p50<=10ms", true], ["p99>30000us", false],
    ["errors>1%", true], ["errors>1", true], ["errors>2.5%", false], ["rate>2", true], ["rate>3", false], ["rate>2/s", true], ["share>=50%", true],
    ["status:5xx", true], ["status:50x", true], ["status:500", true], ["status:4xx", true], ["status:2xx", false], ["STATUS:404", true],
    ["/slow p95>500ms errors>1%", true], ["/other p95>500ms", false], ["shop get", true],
    ["p95>", true], ["p95>x", true], ["errors>1ms", true], ["status:", true], ["", true], ["constructor>1", false], ["cpu>1", false],
  ]) assert.equal(filterOf(filter)("shop", slow), want, filter);
  assert.equal(filterOf("p95>1ms")("shop", route("/idle", { p95: NaN })), false);
  assert.equal(filterOf("status:5xx")("shop", route("/")), false);
  assert.deepEqual(["/a p95>1", "status:5xx /a status:Unavailable", "status:5.."].map(statusPattern), ["", "5..|Unavailable", "5\\.\\."]);
});

test("one kind of routes is shown alone", () => {
  const all = [
    route("/bad", { state: "errors", found: [{}] }), route("/over", { found: [{ until: "x" }] }), route("/twice", { trend: 2, during: 2, before: 1 }),
    route("/noise", { trend: 3, during: 0.03, before: 0.01 }), route("/gone", { trend: 0, during: 0, before: 1 }), route("/never", { state: "idle", rate: 0, never: true }),
  ];
  for (const [only, want] of [
    ["unhealthy", ["/bad"]], ["changed", ["/bad", "/gone", "/over", "/twice"]], ["never", ["/never"]], ["idle", all.map((r) => r.path).sort()],
  ]) assert.deepEqual(rows({ job: "shop", routes: all }, { ...parseView(""), only, sort: "route" }).map((r) => r.path), want, only);
});

const at = (second) => new Date(Date.UTC(2026, 0, 5, 1, 49, second)).toISOString();
const clock = (second) => clockAt(Date.parse(at(second)) / 1000);
const finding = (kind, path, more = {}) => ({ kind, job: "shop", method: "GET", path, now: 1, worst: 1, limit: 0.3, since: at(20), ...more });

test("what changed is what the verdict found", () => {
  const found = findingsOf({ judged: {
    findings: [finding("errors", "/a", { since: at(21) }), finding("latency", "/a"), finding("latency", "/b", { where: { instances: 2, only: "b" } }), finding("target", undefined, { instance: "x" })],
    over: [finding("errors", "/a", { until: at(10) }), finding("errors", "/c", { until: at(40) })],
  } });
  const news = (path) => newsOf(found.get(JSON.stringify(["GET", path])) ?? []);
  assert.deepEqual(news("/a"), { text: `failing, slow since ${clock(20)}`, state: "errors" });
  assert.deepEqual(news("/b"), { text: `slow on b since ${clock(20)}`, state: "slow" });
  assert.deepEqual(news("/c"), { text: `failing until ${clock(40)}`, state: "" });
  assert.deepEqual(news("/d"), { text: "", state: "" });
  assert.equal(newsOf([finding("errors", "/e", { atLeast: true })]).text, `failing since before ${clock(20)}`);
  assert.equal(found.size, 3);
  assert.deepEqual([latencyLimit({ judged: { findings: [finding("errors", "/", { limit: 0.05 }), finding("latency", "/")] } }), latencyLimit({})], [0.3, 1]);
  learnLimits("quiet", "", { errorRatio: 0.05, latency: 0.2 });
  assert.equal(latencyLimit({ job: "quiet", judged: { findings: [] } }), 0.2);
});

test("a latency has the same place in every row, and little is still seen", () => {
  assert.deepEqual([0, 0.001, 2, 60].map(placeOnAxis), ["0%", "0%", "100%", "100%"]);
  assert.equal(placeOnAxis(Math.sqrt(0.001 * 2)), "50%");
  assert.deepEqual([0, NaN, 0.001, 0.5, 7].map(widthOf), ["0%", "0%", "3%", "50%", "100%"]);
});

test("the area of a sparkline goes to the ground at both sides of a gap", () => {
  assert.equal(areaPath([2, 1, null, 2], 2, 30, 10), "M0.0 1.0L10.0 5.0L10.0 10L0.0 10ZM30.0 1.0L30.0 10L30.0 10Z");
  assert.equal(areaPath([null], 1, 30, 10), "");
});

test("routes for a spreadsheet, in which no name is a formula", () => {
  assert.equal(routesCSV([route("=A1", { bytes: NaN, budget: 0.25 }), route('/"a",b', { bytes: 5 })]),
    "method,path,state,requests_per_second,error_ratio,p50_seconds,p95_seconds,p99_seconds,time_share,response_bytes_per_second,error_budget_left\r\n" +
    "GET,'=A1,healthy,1,0,0.01,0.02,0.03,0.1,,0.25\r\n" + 'GET,"/""a"",b",healthy,1,0,0.01,0.02,0.03,0.1,5,\r\n');
  assert.equal(csvField("a\nb"), '"a\nb"');
});

test("routes in one state are in the order of the verdict", () => {
  const judged = { findings: [finding("errors", "/z"), finding("errors", "/b"), finding("latency", "/z"), finding("latency", "/a")] };
  assert.deepEqual([...ranksOf({ judged })], [['["GET","/z"]', 0], ['["GET","/b"]', 1], ['["GET","/a"]', 2]]);
  const routes = [route("/a", { state: "errors" }), route("/b", { state: "errors", rank: 1 }), route("/z", { state: "errors", rank: 0 }), route("/c")];
  assert.deepEqual(rows({ job: "shop", routes }, parseView("")).map((r) => r.path), ["/z", "/b", "/a", "/c"]);
});

test("a narrow screen begins with the routes that need attention, else with a few", () => {
  const healthy = ["/a", "/b", "/c", "/d", "/e", "/f"].map((path) => route(path));
  assert.deepEqual(firstOf([...healthy, route("/x", { state: "slow" })]).map((r) => r.path), ["/x"]);
  assert.deepEqual([firstOf(healthy).length, firstOf([]).length], [5, 0]);
});

const series = (metric, values) => ({ metric, values });
const range = (...all) => ({ start: 0, step: 1, count: 4, series: all });
const build = (instance, version, values, name = "shop_build_info") => series({ __name__: name, instance, version }, values);

test("failing requests of one version: the version comes first, instances are alike", () => {
  const versions = versionsOf(range(
    build("a", "1.0.0", [1, 1, null, null]), build("a", "1.1.0", [null, null, 1, 1]), build("b", "1.0.0", [1, 1, null, null]), build("b", "1.1.0", [null, null, 1, 1]),
    build("a", "(devel)", [1, 1, 1, 1], "go_build_info"),
  ));
  assert.deepEqual(versions.get("a"), ["1.0.0", "1.0.0", "1.1.0", "1.1.0"]);
  const counted = tally(range(
    ...["a", "b"].flatMap((instance) => [series({ instance, method: "GET", status: "200" }, [4, 4, 1, 1]), series({ instance, method: "GET", status: "500" }, [null, 0, 3, 3])]),
    series({ instance: "a", method: "POST", status: "200" }, [1, 1, 1, 1]),
  ), versions, "GET");
  const traits = traitsOf(counted);
  assert.deepEqual(traits.map((t) => [t.label, t.value, t.failing, Number(t.rest.toFixed(2)), t.says, t.strong]), [
    ["version", "1.1.0", 1, 0.2, "traitOnly_version", true], ["version", "1.0.0", 0, 0.8, "traitNone", false], ["status", "500", 1, 0, "traitOwn", true],
    ["method", "GET", 1, 0.83, "traitOnly_method", false], ["method", "POST", 0, 0.17, "traitNone", false],
    ["instance", "a", 0.5, 0.5, "traitAlike", false], ["instance", "b", 0.5, 0.5, "traitAlike", false],
  ]);
  assert.deepEqual(conclusion(traits), [{ key: "common_version", values: { value: "1.1.0" } }, { key: "commonInstances", values: {} }]);
});

test("what failed before the fault began belongs to the rest", () => {
  const failed = series({ instance: "a", status: "500" }, [1, 0, 3, 3]);
  const counted = tally(range(failed), new Map([["a", ["1", "1", "2", "2"]]]), "GET", 2);
  assert.deepEqual([...counted.get("version")], [["1", { failing: 0, rest: 1 }], ["2", { failing: 6, rest: 0 }]]);
});

test("failing requests of one instance, and of nothing in particular", () => {
  const of = (...all) => traitsOf(tally(range(...all), new Map(), "GET"));
  const one = of(series({ instance: "a", status: "200" }, [4, 4, 4, 4]), series({ instance: "b", status: "200" }, [1, 1, 1, 1]), series({ instance: "b", status: "503" }, [3, 3, 3, 3]));
  assert.deepEqual(one.slice(0, 2).map((t) => [t.value, t.says]), [["b", "traitOnly_instance"], ["a", "traitNone"]]);
  assert.deepEqual(conclusion(one), [{ key: "common_instance", values: { value: "b" } }]);
  const none = of(series({ instance: "a", status: "200" }, [4, 4, 4, 4]), series({ instance: "a", status: "500" }, [1, 1, 1, 1]));
  assert.deepEqual([conclusion(none), none.map((t) => t.says)], [[{ key: "commonNothing", values: {} }], ["traitOwn", "traitOne_instance"]]);
  const all = of(series({ instance: "a", status: "500" }, [1, 1, 1, 1]), series({ instance: "b", status: "500" }, [1, 1, 1, 1]));
  assert.deepEqual([conclusion(all), all.filter((t) => t.label === "instance").map((t) => t.says)], [[{ key: "commonNothing", values: {} }], ["traitAllFail", "traitAllFail"]]);
  assert.deepEqual([of(series({ instance: "a", status: "200" }, [1, 1, 1, 1])), conclusion([])], [[], []]);
});

test("slow requests: the mean of each instance and of the rest", () => {
  const sample = (part, instance, n) => ({ metric: { part, instance }, value: [0, String(n)] });
  const speeds = speedsOf([sample("seconds", "a", 1), sample("count", "a", 10), sample("seconds", "b", 5), sample("count", "b", 10)], new Map([["a", "1"], ["b", "1"]]));
  assert.deepEqual(speeds.map((s) => [s.label, s.value, s.mean, s.rest, s.says, s.values.times]), [
    ["instance", "b", 0.5, 0.1, "traitSlower", "5"], ["instance", "a", 0.1, 0.5, "traitFaster", "5"], ["version", "1", 0.3, NaN, "traitOne_version", "NaN"],
  ]);
  assert.deepEqual(speedConclusion(speeds), { key: "slow_instance", values: { value: "b", times: "5" } });
  assert.deepEqual(speedConclusion(speedsOf([sample("seconds", "a", 1), sample("count", "a", 10)], new Map())), { key: "slowNothing", values: {} });
  assert.equal(speedConclusion([]), null);
});

test("slow requests: a few of another status, such as clients that left, tell nothing", () => {
  const of = (instance, status, count, mean) => ["seconds", "count"].map((part) => ({ metric: { part, instance, status }, value: [0, String(part === "count" ? count : count * mean)] }));
  const speeds = speedsOf([...of("a", "200", 100, 0.1), ...of("b", "200", 100, 0.7), ...of("b", "499", 4, 0.01)], new Map());
  assert.deepEqual([speeds[0].label, speeds[0].value, speedConclusion(speeds)?.key], ["instance", "b", "slow_instance"]);
});

test("the queries use the service's own names", () => {
  const names = { name: "x", requests: { metric: "reqs_total", method: "verb", path: "route", status: "code" }, duration: { metric: "took_seconds", method: "verb", path: "route" } };
  const subject = { job: "shop", schema: "", method: "GET", path: "/a" };
  assert.match(commonQueries(names, subject, "1m").requests, /sum by \(instance, verb, code\) \(rate\(reqs_total\{job="shop",route="\/a"\}\[1m\]\)\)/);
  assert.deepEqual(speedQueries(names, subject, "1m").map(([name]) => name), ["seconds", "count"]);
  assert.equal(commonQueries({ name: "x" }, subject, "1m").requests, undefined);
});

test("alerts look at a route by their labels", () => {
  const alert = (labels) => ({ key: JSON.stringify(labels), state: "firing", labels, annotations: {} });
  const all = [{ job: "shop", path: "/a" }, { job: "shop", path: "/b" }, { job: "shop" }, { job: "shop", instance: "a" }, { job: "api", path: "/a" }, { job: "shop", path: "/a", method: "POST" }];
  assert.deepEqual(alertsOf(all.map(alert), { job: "shop", schema: "", method: "GET", path: "/a" }).map((a) => a.labels), [all[0], all[2]]);
});

test("a route has the smallest budget of the objectives that cover it, not that of the whole service", () => {
  const of = (metric, left) => ({ metric, value: [0, String(left)] });
  const budgets = [of({}, -1), of({ job: "shop", method: "POST" }, 0.9), of({ job: "shop", path: "/orders" }, 0.4), of({ job: "shop", method: "POST", path: "/orders" }, 0.6)];
  const learnt = (method, path) => {
    const route = { key: "", method, path };
    promise(route, budgets);
    return [route.budget, route.promised];
  };
  assert.deepEqual(learnt("POST", "/orders"), [0.4, "/orders"]);
  assert.deepEqual(learnt("POST", "/pay"), [0.9, "POST"]);
  assert.deepEqual(learnt("GET", "/pay"), [undefined, undefined]);
});
