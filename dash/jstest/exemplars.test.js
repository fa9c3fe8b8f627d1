import test from "node:test";
import assert from "node:assert/strict";
import { exemplarQuery, slowest, traceLink } from "../static/exemplars.js";

const of = (/** @type {string} */ path, /** @type {[string, string, number][]} */ ...all) => ({
  seriesLabels: { method: "GET", path, status: "200" },
  exemplars: all.map(([trace, value, timestamp]) => ({ labels: /** @type {Record<string, string>} */ (trace ? { trace_id: trace } : { other: "x" }), value, timestamp })),
});

test("the slowest first, each trace once, and none without a trace", () => {
  const found = slowest([of("/a", ["t1", "0.1", 5], ["t2", "2", 6], ["", "9", 7]), of("/b", ["t2", "2", 6], ["t3", "0.5", 8], ["t4", "NaN", 9])], 2);
  assert.deepEqual(found.map((x) => [x.trace, x.seconds, x.route]), [["t2", 2, "GET /a"], ["t3", 0.5, "GET /b"]]);
  assert.deepEqual(slowest([], 5), []);
});

test("a link has the trace in it, whatever it is called", () => {
  assert.equal(traceLink("https://tempo/t/{trace_id}?x", "a/b&c"), "https://tempo/t/a%2Fb%26c?x");
  assert.equal(traceLink("", "abc"), "");
  assert.equal(traceLink("https://nowhere", "abc"), "");
});

test("the query holds hostile names as text", () => {
  assert.equal(exemplarQuery({ job: 'a"b', schema: "", method: "GET", path: "/x\n" }), 'http_request_duration_seconds_bucket{job="a\\"b",method="GET",path="/x\\n"}');
});
