import assert from "node:assert/strict";
import test from "node:test";
import { meansBefore, meansOf } from "../static/before.js";
import { eventsOf, firingOver } from "../static/events.js";
import { neverCalled, ofInstances, outgoing, pools, rateBy, saturation, sizes } from "../static/names.js";
import { numberQuery, raw, recorded } from "../static/queries.js";
import { sparkPath } from "../static/sparkline.js";
import { parseView } from "../static/view.js";
import { busiest, instances, isFar, meansOfRoutes, parted, spentText } from "../static/where.js";
import { windowOf } from "../static/window.js";
import { range, vector } from "./ranges.js";

const names = {
  name: "gin", requests: { metric: "gin_requests_total", kind: "counter", method: "method", path: "url", status: "code" },
  duration: { metric: "gin_seconds", kind: "histogram", path: "url" }, responseSize: { metric: "gin_bytes", kind: "summary", method: "method", path: "url" },
  client: { metric: "out_seconds", kind: "histogram", host: "server" },
};
const hostile = { job: 'a"b', schema: "gin", method: "GET", path: 'x"}\n' };

test("what no rule records is asked under the service's own names, and called as the page calls it", () => {
  assert.equal(rateBy(names.requests, "", ["path"], { job: "shop", schema: "" }, "1m"),
    'label_replace(sum by (url) (rate(gin_requests_total{job="shop"}[1m])), "path", "$1", "url", "(.*)")');
  assert.match(rateBy(names.requests, "", ["instance"], hostile, "1m", true), /^sum by \(instance\) \(rate\(gin_requests_total\{job="a\\"b",method="GET",url="x\\"\}\\n",code=~"5\.\./);
  assert.equal(rateBy(names.duration, "_sum", ["instance"], hostile, "1m"), undefined); // it has no method: it would count too much
  assert.equal(rateBy(undefined, "", ["instance"], hostile, "1m"), undefined);
  assert.match(sizes(names, hostile, "5m"), /gin_bytes_sum\{job="a\\"b",method="GET",url=/);
  assert.match(neverCalled(names, hostile), /gin_requests_total\{job="a\\"b"\}.* == 0$/);
  assert.deepEqual(ofInstances(names, hostile, "1m").map(([part]) => part), ["rate", "errors", "withStatus", "up", "started", "cpu", "memory"]);
  assert.deepEqual(outgoing(names, hostile, "1m").map(([part]) => part), ["rate", "seconds"]);
  assert.match(outgoing(names, hostile, "1m")[0][1], /"host", "\$1", "server"/);
  for (const [, q] of [...pools(hostile, "1m"), ["", saturation(hostile, "1m")]]) assert.ok(q.includes('{job="a\\"b"'), q);
});

test("an instance far from its siblings comes first, and says in what", () => {
  const found = instances(vector(
    [{ part: "rate", instance: "a" }, 10], [{ part: "rate", instance: "b" }, 11], [{ part: "rate", instance: "c" }, 9],
    [{ part: "seconds", instance: "a" }, 1], [{ part: "count", instance: "a" }, 10], [{ part: "seconds", instance: "b" }, 9], [{ part: "count", instance: "b" }, 11],
    [{ part: "seconds", instance: "c" }, 1], [{ part: "count", instance: "c" }, 9], [{ part: "errors", instance: "c" }, 0.001], [{ part: "up", instance: "d" }, 0]));
  assert.deepEqual(found.map((i) => [i.name, i.up, i.differs]), [["d", false, []], ["b", true, ["mean"]], ["a", true, []], ["c", true, []]]);
  assert.ok(Math.abs(found[1].mean - 9 / 11) < 1e-9);
});

test("far is twice the middle one, and worth a word", () => {
  assert.deepEqual([isFar(2, [1, 2], 0), isFar(2, [1, 2], 3), isFar(1.9, [1, 1.9], 0), isFar(5, [5], 0), isFar(NaN, [1, NaN], 0), isFar(4, [1, 2, 4, 4], 0)], [true, false, false, false, false, true]);
});

test("the busiest route comes first", () => {
  assert.deepEqual(busiest(/** @type {any} */ ([{ time: 1 }, { time: 3 }, { time: 0 }])).map((c) => c.time), [3, 1]);
});

test("every number of a head or a table can be asked for, narrowed to what it is about", () => {
  for (const source of [recorded, raw("5m")]) {
    for (const id of ["rate", "errorRatio", "p50", "p95", "p99", "share"]) {
      const q = numberQuery(source, id, hostile);
      assert.ok(q.includes('job="a\\"b"') && q.includes('path="x\\"}\\n"'), `${id}: ${q}`);
    }
    for (const id of ["inFlight", "targets"]) assert.ok(numberQuery(source, id, hostile).includes('job="a\\"b"'), id);
    assert.equal(numberQuery(source, "trend", hostile), "");
  }
});

test("a sparkline breaks where nothing is known", () => {
  assert.equal(sparkPath([0, 1, null, 1], 1, 30, 12), "M0.0 11.0L10.0 1.0M30.0 1.0");
  assert.equal(sparkPath([], 1, 30, 12), "");
});

test("only rows that can be seen", () => {
  const of = (/** @type {number} */ top) => windowOf({ top, view: 100, row: 10, rows: 10000, margin: 5 });
  assert.deepEqual([of(-500), of(0), of(50000), of(99990), of(1e9)], [{ from: 0, to: 5 }, { from: 0, to: 15 }, { from: 4995, to: 5015 }, { from: 9994, to: 10000 }, { from: 9999, to: 10000 }]);
  assert.deepEqual(windowOf({ top: 0, view: 100, row: 10, rows: 0, margin: 5 }), { from: 0, to: 0 });
});

test("where there is no counter, the latency's count says how many, and every name of the status is asked", () => {
  const counted = { ...names.requests, also: ["status"], instead: { metric: "gin_seconds_count", kind: "histogram", path: "url", status: "code" } };
  assert.equal(rateBy(counted, "", ["instance"], { job: "shop", schema: "" }, "1m"),
    'sum by (instance) (rate(gin_requests_total{job="shop"}[1m])) or sum by (instance) (rate(gin_seconds_count{job="shop"}[1m]))');
  const failed = rateBy(counted, "", ["instance"], { job: "shop", schema: "" }, "1m", true) ?? "";
  assert.match(failed, /^sum by \(instance\) \(rate\(gin_requests_total\{job="shop",code=~"5\.\..* or rate\(gin_requests_total\{job="shop",status=~"5\.\./);
});

test("an instance whose statuses are unknown has no error ratio", () => {
  const [i] = instances(vector([{ part: "rate", instance: "a" }, 10]));
  assert.ok(Number.isNaN(i.errorRatio));
  const [known] = instances(vector([{ part: "rate", instance: "a" }, 10], [{ part: "withStatus", instance: "a" }, 10]));
  assert.equal(known.errorRatio, 0);
});

test("what a number was is the mean of the compared range, of the route if one is open", () => {
  const now = /** @type {any} */ ({ source: recorded, edges: { from: 0, to: 300 }, view: { compare: "day" }, step: 15 });
  const route = meansBefore(now, { job: 'a"b', schema: "", method: "GET", path: "/" });
  assert.ok(route.includes('avg_over_time(tacho:http_requests:rate{job="a\\"b",method="GET",path="/"}[300s] offset 86400s)') && !route.includes("resource"), route);
  const whole = meansBefore({ ...now, source: raw("1m"), view: { compare: "" } }, { job: "shop", schema: "" });
  assert.ok(whole.includes("histogram_quantile(0.95") && whole.includes("[300s] offset 300s") && whole.includes("[300s:15s] offset 300s"), whole);
  assert.deepEqual(meansOf(vector([{ part: "rate" }, 10], [{ part: "errors" }, 1], [{ part: "p95" }, 0.2], [{ part: "saturation", resource: "cpu" }, 0.4])),
    { chartRate: 10, chartErrors: 0.1, chartLatency: 0.2, resources: { cpu: 0.4 } });
  assert.ok(Number.isNaN(meansOf([]).chartErrors), "nothing is known of a range without data");
  assert.equal(meansOf(vector([{ part: "rate" }, 10])).chartErrors, 0);
});

test("events: what happened and the alerts that began to fire, the newest first", () => {
  const firing = range([{ alertname: "Slow", method: "GET", path: "/", severity: "page" }, [null, 1, null, 1]], [{ alertname: "Old" }, [1, 1, 1, 1]]);
  const all = eventsOf([{ key: "d", at: 15, kind: "deploy", text: "2.0" }], firing);
  assert.deepEqual(all.map((e) => [e.kind, e.at, e.text, e.alert ?? ""]), [["alert", 30, "GET /", "Slow"], ["deploy", 15, "2.0", ""], ["alert", 10, "GET /", "Slow"]]);
  assert.deepEqual(eventsOf([], null), []);
  assert.match(firingOver('a"b'), /ALERTS\{alertstate="firing",job="a\\"b"\}/);
});

test("the lines of the busiest routes, and the sum of the others", () => {
  const all = ["a", "b", "c", "d"].map((name, i) => ({ name, values: [i, i === 3 ? null : 1] }));
  assert.deepEqual(parted(all, ["c", "a"]), { chosen: [all[2], all[0]], others: [4, 1], n: 2 });
  assert.deepEqual(parted(all.slice(0, 1), ["a"]), { chosen: [all[0]], others: null, n: 0 });
});

test("the mean latency of each route in each instance, and which is far", () => {
  const key = JSON.stringify(["GET", "/"]);
  const of = (/** @type {string} */ instance, /** @type {number} */ seconds) => /** @type {[any, number][]} */ ([[{ part: "seconds", method: "GET", path: "/", instance }, seconds], [{ part: "count", method: "GET", path: "/", instance }, 10]]);
  const found = meansOfRoutes(vector(...of("b", 7), ...of("a", 1)), [key, '["GET","/other"]'], 4);
  assert.deepEqual(found, { instances: ["a", "b"], routes: [{ key, name: "GET /", means: [{ instance: "a", mean: 0.1, far: false }, { instance: "b", mean: 0.7, far: true }] }] });
  const bare = meansOfRoutes(vector([{ part: "seconds", path: "/", instance: "a" }, 1], [{ part: "count", path: "/", instance: "a" }, 4]), [key], 4);
  assert.equal(bare.routes[0].means[0].mean, 0.25, "a histogram without the method counts all methods of a path");
});

test("the time spent on requests: more, less, or about the same", () => {
  assert.deepEqual([[3, 1], [1.2, 1], [4.8, 10.2], [1, 0], [0, 0]].map(([total, before]) => spentText(total, before)), ["spendsMore", "spendsSame", "spendsLess", "spendsSame", "spendsSame"]);
});
