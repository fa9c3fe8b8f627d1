import test from "node:test";
import assert from "node:assert/strict";
import { asksOf, chosenLines, correlation, defaultQuery, ended, groupOf, metricsInOrder, ownFirst, maxLines, seriesText, statsOf, unitOf } from "../static/explore.js";
import { csv } from "../static/csv.js";
import { nearest } from "../static/nearest.js";
import { range, vector } from "./ranges.js";
import { number } from "../static/format.js";

test("the business's metrics come first, and a histogram is one", () => {
  const metadata = { orders_total: [{ type: "counter", help: "Orders." }], wait_seconds: [{ type: "histogram", help: "" }], go_goroutines: [{ type: "gauge", help: "" }] };
  const found = metricsInOrder(["go_goroutines", "up", "wait_seconds_bucket", "wait_seconds_sum", "wait_seconds_count", "orders_total", "odd_bucket"], /** @type {any} */ (metadata));
  assert.deepEqual(found.map((m) => [m.name, m.type]), [["odd_bucket", "histogram"], ["orders_total", "counter"], ["wait_seconds", "histogram"], ["go_goroutines", "gauge"], ["up", "gauge"]]);
});

test("a histogram whose name ends in _bucket", () => {
  const series = ["_bucket", "_sum", "_count"].map((s) => `server_requests_seconds_bucket${s}`);
  const found = metricsInOrder([...series, "odd_bucket"], { server_requests_seconds_bucket: [{ type: "histogram", help: "" }] });
  assert.deepEqual(found.map((m) => [m.name, m.type]), [["odd_bucket", "histogram"], ["server_requests_seconds_bucket", "histogram"]]);
  const [odd, kratos] = found.map((m) => defaultQuery(m, "", "5m"));
  assert.ok(odd.includes("sum by (le) (rate(odd_bucket[5m]))"), odd);
  assert.ok(kratos.includes("sum by (le) (rate(server_requests_seconds_bucket_bucket[5m]))"), kratos);
});

test("each type has the question that one asks of it", () => {
  const of = (/** @type {string} */ name, /** @type {string} */ type) => defaultQuery({ name, type }, '{job="x"}', "5m");
  assert.equal(of("orders_total", "counter"), 'sum without (instance) (rate(orders_total{job="x"}[5m]))');
  assert.ok(of("wait_seconds", "histogram").includes('label_replace(histogram_quantile(0.95, sum by (le) (rate(wait_seconds_bucket{job="x"}[5m]))), "quantile", "0.95", "", "")\nor\n'));
  assert.ok(defaultQuery({ name: "w", type: "histogram", native: true }, "", "5m").includes("histogram_quantile(0.99, sum (rate(w[5m])))"));
  assert.equal(of("wait_seconds", "summary"), 'sum (rate(wait_seconds_sum{job="x"}[5m])) / sum (rate(wait_seconds_count{job="x"}[5m]))');
  assert.equal(of("queue", "gauge"), 'queue{job="x"}');
  assert.equal(of("thing", "unknown"), 'thing{job="x"}');
});

test("units", () => {
  assert.deepEqual([
    "histogram_quantile(0.95, sum by (le) (rate(wait_seconds_bucket[5m])))", "sum(rate(a_seconds_sum[5m])) / sum(rate(a_seconds_count[5m]))", "uptime_seconds",
    "rate(process_cpu_seconds_total[5m])", "last_order_timestamp_seconds", "hit_ratio", "queue",
  ].map(unitOf), ["latency", "latency", "latency", "number", "number", "ratio", "number"]);
  assert.deepEqual([0, 12, 1234567, 0.12345, 1.5e9, 1e-7, NaN, -3.25].map(number), ["0", "12", "1,234,567", "0.1235", "1.50e+9", "1.00e-7", "–", "-3.25"]);
});

test("of many lines the largest, named by what tells them apart", () => {
  const series = Array.from({ length: 50 }, (_, i) => ({ metric: { __name__: "x", job: "shop", n: String(i) }, values: [1, i] }));
  const found = chosenLines(series);
  assert.equal(found.length, maxLines);
  assert.equal(found[0].name, "n=49");
  assert.equal(chosenLines(series.slice(0, 1))[0].name, "x");
  assert.deepEqual(chosenLines([]), []);
  assert.equal(chosenLines([{ metric: { a: "1" }, values: [null] }, { metric: { a: "2" }, values: [1] }])[0].name, "a=2");
});

test("CSV: quotes, gaps, and no formula", () => {
  assert.equal(csv(["a=1", 'b="x, y"', "=SUM(A1)", "-1"], [0, 60], [[1, null], [0.5, 2], [3, 4], [5, 6]]),
    "time,a=1,\"b=\"\"x, y\"\"\",'=SUM(A1),'-1\r\n1970-01-01T00:00:00.000Z,1,0.5,3,5\r\n1970-01-01T00:01:00.000Z,,2,4,6\r\n");
});

test("what has no end is a number, in charts, tables and files", () => {
  assert.deepEqual(ended(range([{ a: "1" }, [1, Infinity]]), vector([{ a: "1" }, "-Inf"], [{ a: "2" }, "+Inf"], [{ a: "3" }, "NaN"]), 15).series.map((s) => s.values),
    [[1, Infinity, -Infinity], [null, null, Infinity]]);
  assert.equal(csv(["a"], [0, 60, 120], [[Infinity, -Infinity, 1]]).split("\r\n").map((row) => row.split(",")[1]).join(" "), "a Inf -Inf 1 ");
  assert.equal(number(-Infinity), "−∞");
});

test("an answer ends on what it is now, and a series is written as PromQL writes it", () => {
  const found = ended(range([{ a: "1" }, [1, 2]]), vector([{ a: "1" }, 5], [{ a: "2" }, 7]), 15);
  assert.deepEqual(found, { times: [0, 10, 15], series: [{ metric: { a: "1" }, values: [1, 2, 5] }, { metric: { a: "2" }, values: [null, null, 7] }] });
  assert.deepEqual([seriesText({ __name__: "x", a: '"' }), seriesText({ a: "b" }), seriesText({ __name__: "x" }), seriesText({})], ['x{a="\\""}', '{a="b"}', "x", "{}"]);
});

test("metrics are grouped by origin, and queried in other ways", () => {
  assert.deepEqual(["shop_orders_total", "http_requests_total", "go_sql_open_connections", "go_goroutines", "tacho:http_requests:rate", "http_client_request_duration_seconds"].map(groupOf),
    ["groupOwn", "groupRequests", "groupClients", "groupRuntime", "groupRecorded", "groupClients"]);
  assert.deepEqual(ownFirst(["go_gc_orders", "tacho:orders", "http_orders", "shop_orders_total", "pay_orders"]), ["shop_orders_total", "pay_orders", "http_orders", "go_gc_orders", "tacho:orders"]);
  const asks = asksOf({ name: "shop_orders_total", type: "counter", help: "" }, ["__name__", "job", "instance", "kind"], '{job="shop"}', "5m", 900);
  assert.deepEqual(asks.map((a) => a.key + (a.values.label ?? "")), ["askRate", "askTotal", "askIncrease", "askByinstance", "askBykind", "askShare", "askWeek"]);
  assert.equal(asks[4].expr, 'sum by (kind) (rate(shop_orders_total{job="shop"}[5m]))');
  assert.equal(asks[6].expr, 'sum (rate(shop_orders_total{job="shop"}[5m] offset 1w))');
  assert.equal(asksOf({ name: "d_seconds", type: "histogram", help: "" }, ["host"], "", "5m", 900).at(-1).expr, "histogram_quantile(0.95, sum by (host, le) (rate(d_seconds_bucket[5m])))");
});

test("numbers of a line, and lines that move together", () => {
  assert.deepEqual(statsOf([null, 1, 3, 2]), { now: 2, first: 1, mean: 2, least: 1, most: 3 });
  assert.equal(statsOf([1, null]).now, NaN);
  const up = [1, 2, 3, 4, 5, 6, 7, 8];
  assert.ok(correlation(up, up.map((v) => -2 * v)) < -0.999);
  assert.equal(correlation(up, up.map(() => 3)), 0);
  assert.equal(correlation(up.slice(0, 3), up.slice(0, 3)), 0);
});

test("the name that was meant", () => {
  assert.equal(nearest("shop_order_total", ["http_requests_total", "shop_orders_total"]), "shop_orders_total");
  assert.equal(nearest("xyz", ["shop_orders_total"]), "");
});
