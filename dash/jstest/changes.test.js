import test from "node:test";
import assert from "node:assert/strict";
import { changeQueries, changes, instancesOf, meansQuery, outlier, seriesOf, since, significant } from "../static/changes.js";
import { raw, recorded } from "../static/queries.js";

const sample = (/** @type {string} */ part, /** @type {string} */ path, /** @type {number} */ n) =>
  ({ metric: { part, method: "GET", path }, value: /** @type {[number, string]} */ ([0, String(n)]) });

const failed = (/** @type {string} */ path, /** @type {number} */ n) => ({ ...sample("rate", path, n), metric: { part: "rate", method: "GET", path, status: "503" } });

const incident = [
  sample("rate", "/api", 10), sample("rateBefore", "/api", 10), sample("time", "/api", 5), sample("timeBefore", "/api", 0.25),
  sample("rate", "/second", 2), sample("rateBefore", "/second", 5), sample("time", "/second", 0.1), sample("timeBefore", "/second", 0.1),
  failed("/second", 3),
  sample("rate", "/", 20), sample("rateBefore", "/", 20), sample("time", "/", 0.1), sample("timeBefore", "/", 0.11),
];

test("the weightiest change comes first, and small ones not at all", () => {
  const found = significant(changes(incident));
  assert.deepEqual(found.map((c) => [c.path, c.mostly]), [["/second", "errors"], ["/api", "time"]]);
  assert.equal(found[1].mean, 0.5);
  assert.equal(found[1].meanBefore, 0.025);
  assert.equal(changes(incident).length, 3);
  assert.ok(Math.abs(found[1].share - 5 / 5.2) < 1e-9);
  const single = significant(changes([...incident.slice(0, 4), ...incident.slice(9), failed("/", 0.01)]));
  assert.deepEqual(single.map((c) => c.path), ["/api"]); // one failed request is no change
});

test("without a before there is no change", () => {
  assert.deepEqual(significant(changes(incident.filter((s) => !s.metric.part.endsWith("Before")))), []);
  assert.deepEqual(changes([]), []);
});

test("a route that is new, or gone, is a change", () => {
  const found = significant(changes([...incident.slice(9), sample("rate", "/new", 9), sample("time", "/new", 2), sample("rateBefore", "/gone", 9), sample("timeBefore", "/gone", 3)]));
  assert.deepEqual(found.map((c) => c.path), ["/gone", "/new"]);
});

test("since when: the step up, whatever is before and behind it", () => {
  const times = Array.from({ length: 20 }, (_, i) => 100 + i * 10);
  const step = times.map((t) => (t >= 200 ? 5 : 0.2));
  assert.equal(since(times, step, 0.2), 200);
  assert.equal(since(times, step.map((v, i) => (i === 15 ? 0.2 : v)), 0.2), 200); // one point of noise
  assert.equal(since(times, step.map((v, i) => (i === 2 ? 4 : v)), 0.2), 200); // a peak long before
  assert.equal(since(times, times.map((t) => (t >= 150 && t < 200 ? 5 : 0.2)), 0.2), 150); // it is over
  assert.equal(since(times, times.map((t) => (t >= 200 ? 0 : 3)), 3), 200); // a fall
  assert.ok(Number.isNaN(since(times, times.map(() => 1), 1)));
  assert.ok(Number.isNaN(since([], [], 1)));
  assert.equal(since(times, step.map((v, i) => (i % 3 === 1 ? null : v)), 0.2), 210); // gaps
});

test("the instance that differs from its siblings", () => {
  const of = (/** @type {Record<string, string>} */ values) => Object.entries(values).map(([instance, v]) => ({ metric: { instance }, value: /** @type {[number, string]} */ ([0, v]) }));
  assert.deepEqual(outlier(of({ a: "0.02", b: "0.7", c: "0.03" })), { instance: "b", value: 0.7, other: "c", next: 0.03 });
  assert.equal(outlier(of({ a: "0.5", b: "0.7" })), null);
  assert.equal(outlier(of({ a: "0.5" })), null);
  assert.equal(outlier(of({ a: "NaN", b: "0" })), null);
});

test("ranges of days read means, where there are any", () => {
  const subject = { job: "shop", schema: "" };
  assert.equal(meansQuery(subject, recorded, 86400), "");
  assert.equal(meansQuery(subject, raw("1m"), 30 * 86400), "");
  assert.equal(meansQuery(subject, recorded, 30 * 86400),
    'count_over_time(tacho:job_http_requests:rate_mean5m{job="shop"}[5184000s:1h]) >= 0.9 * count_over_time(tacho:job_http_requests:rate{job="shop"}[5184000s:1h])');
  const [now, before] = changeQueries(subject, recorded, 30 * 86400, undefined, true);
  assert.ok(now.includes('avg_over_time(tacho:http_requests:rate_mean5m{job="shop"}[2592000s])'), now);
  assert.ok(before.includes('avg_over_time(tacho:http_request_duration_seconds_sum:rate_mean5m{job="shop"}[2592000s] offset 2592000s)'), before);
});

test("queries hold hostile names as text, and both spans", () => {
  const subject = { job: 'a"b', schema: "flask" };
  const query = changeQueries(subject, recorded, 3600)[1];
  assert.ok(query.includes('{job="a\\"b",schema="flask"}[3600s] offset 3600s'), query);
  assert.ok(changeQueries(subject, recorded, 3600, 86400)[1].includes("[3600s] offset 86400s"));
  assert.ok(changeQueries({ job: "x", schema: "" }, raw("5m"), 900)[1].includes('rate(http_requests_total{job="x"}[900s] offset 900s)'));
  const [change] = changes(incident);
  const names = { name: "x", requests: { metric: "r", kind: "counter", method: "method", path: "path", status: "status" } };
  const hostile = { ...change, path: 'x"}\n' };
  for (const q of [seriesOf(subject, recorded, hostile), seriesOf(subject, raw("1m"), hostile), instancesOf(names, subject, hostile, 60) ?? ""]) {
    assert.ok(q.includes('path="x\\"}\\n"'), q);
  }
});
