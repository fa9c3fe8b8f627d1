import assert from "node:assert/strict";
import test from "node:test";

import { joined, parts, quote, raw, recorded, selector, sources } from "../static/queries.js";

test("quote", () => {
  for (const [text, want] of [
    ["", '""'], ["/api", '"/api"'], ['a"b', '"a\\"b"'], ["a\\b", '"a\\\\b"'], ["a\nb", '"a\\nb"'], ["\u0000\u2028", '"\\u0000\\u2028"'],
    ['"} or vector(1) #', '"\\"} or vector(1) #"'], ["مرحبا 😀", '"مرحبا 😀"'],
  ]) assert.equal(quote(text), want);
});

test("quote and its opposite agree on any text", () => {
  // PromQL's strings are Go's; what quote writes is JSON as well.
  let seed = 1;
  const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
  const alphabet = ['"', "\\", "\n", "\r", "\t", "{", "}", "'", "`", "\u0000", "\u007f", "\u0085", "\u202e", "\u2028", "é", "😀", "a"];
  for (let i = 0; i < 2000; i++) {
    const text = Array.from({ length: random(20) }, () => alphabet[random(alphabet.length)]).join("");
    const quoted = quote(text);
    assert.equal(JSON.parse(quoted), text);
    assert.ok(!/[\n\r\u0000]/.test(quoted), "one line");
  }
});

test("selector", () => {
  assert.equal(selector([]), "");
  assert.equal(selector([["path", "!=", ""], ["a", "=", '"']]), '{path!="",a="\\""}');
});

test("recorded metrics are read as they are", () => {
  const p = new Map(parts(recorded));
  assert.equal(p.get("rate"), "sum by (job, schema, method, path) (tacho:http_requests:rate)");
  assert.match(p.get("errors"), /^sum by \(job, schema, method, path\) \(tacho:http_requests:rate\{status=~"5\.\.\|Internal Server Error\|[^"]*"\}\) > 0$/);
  assert.equal(p.get("p95"), 'max by (job, schema, method, path) (tacho:http_request_duration_seconds:quantile{quantile="0.95"})');
  assert.equal(p.get("p50Of"), 'max by (job, schema) (tacho:job_http_request_duration_seconds:quantile{quantile="0.5"})');
  assert.equal(p.get("bounds"), "count by (job, schema, le) (tacho:job_http_request_duration_seconds_bucket:rate)");
  assert.ok(![...p.values()].some((expr) => /\[|histogram_quantile|tacho:http_\w+_bucket/.test(expr)), "nothing dear is computed");
});

test("raw metrics demand their route label and a window", () => {
  const p = new Map(parts(raw("1m")));
  assert.equal(p.get("rate"), 'sum by (job, schema, method, path) ((rate(http_requests_total{path!=""}[1m]) or ' +
    '(rate(http_request_duration_seconds_count{path!=""}[1m]) unless on (job) group by (job) (http_requests_total{path!=""}))))');
  assert.match(p.get("errors"), /rate\(http_requests_total\{path!="",status=~"5/);
  assert.equal(p.get("seconds"), 'sum by (job, schema, method, path) (rate(http_request_duration_seconds_sum{path!=""}[1m]))');
  const buckets = 'rate(http_request_duration_seconds_bucket{path!=""}[1m])';
  assert.equal(p.get("p95"), `histogram_quantile(0.95, sum by (job, schema, method, path, le) (${buckets}))`);
  assert.equal(p.get("p95Of"), `histogram_quantile(0.95, sum by (job, schema, le) (${buckets}))`);
  assert.equal(p.get("bounds"), `count by (job, schema, le) (${buckets})`);
});

test("every part is marked, once", () => {
  for (const source of sources) {
    const names = parts(source).map(([name]) => name);
    assert.equal(new Set(names).size, names.length);
    for (const name of names) assert.ok(joined(source).includes(`, "part", "${name}", "", "")`), name);
  }
});
