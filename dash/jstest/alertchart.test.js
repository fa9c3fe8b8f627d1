import assert from "node:assert/strict";
import test from "node:test";
import { chartOf, chartsOf, fires, tokens } from "../static/alertchart.js";
import { ownAlerts } from "./ownalerts.js";

const chart = (expr, op = "", limit = null) => ({ expr, op, limit });

test("each of tacho's own alerts has a chart", () => {
  const of = (/** @type {string} */ name) => chartsOf(ownAlerts[name]).map((c) => ({ ...c, expr: c.expr.replace(/\s+/g, " ") }));
  const fivehundred = /status=~"[^"]*"/.exec(ownAlerts.TachoErrorRatioHigh)?.[0];
  assert.deepEqual(of("TachoErrorRatioHigh"), [chart(`sum by (job, path) (sum_over_time(tacho:http_requests:rate{${fivehundred}}[5m])) / sum by (job, path) (sum_over_time(tacho:http_requests:rate[5m]))`, ">", 0.05)]);
  assert.deepEqual(of("TachoLatencyHigh"), [chart("histogram_quantile(0.95, sum by (job, path, le) (sum_over_time(tacho:http_request_duration_seconds_bucket:rate[5m])))", ">=", 1)]);
  assert.deepEqual(of("TachoTrafficGone"), [chart("sum_over_time((tacho:job_http_requests:rate > bool 0)[1h:1m])", ">=", 30)]);
  assert.deepEqual(of("TachoScrapeFailing"), [chart("up", "==", 0)]);
  assert.deepEqual(of("TachoSeriesBudgetSpent"), [chart("max by (job, metric) (tacho_series / tacho_series_limit)", ">=", 1)]);
  assert.deepEqual(of("TachoStorageDamaged"), [chart("increase(prometheus_tsdb_wal_corruptions_total[1h])", ">", 0), chart("prometheus_tsdb_wal_corruptions_total", ">", 0)]);
  assert.deepEqual(of("TachoStorageFull"), [chart("tacho_server_storage_full", "==", 1), chart("time() - max_over_time(timestamp(tacho_server_storage_full)[6h:1m])", ">", 120)]);
  const panics = of("TachoPanics");
  assert.deepEqual(panics.map((c) => [c.op, c.limit]), [["", null], ["", null], ["", null], ["", null]]);
  assert.ok(panics.every((c) => /^sum by \(job, path\) \(.*\)$/.test(c.expr)), JSON.stringify(panics));
});

test("a query is split where its operators bind least, and only there", () => {
  for (const [query, ...want] of /** @type {[string, string, string?, (number | null)?][]} */ ([
    ["sum(x{s=~\"5..|a > 1 and b\"}) > 0.05\nand\nz * 15 >= 5", "sum(x{s=~\"5..|a > 1 and b\"})", ">", 0.05],
    ["x < -1e3", "x", "<", -1000], ["x <= 1e-3", "x", "<=", 0.001], ["x > bool 2", "x", ">", 2], ["x != 0x1F", "x", "!=", 31], ["x >= 1_000", "x", ">=", 1000], ["x > .5", "x", ">", 0.5], ["x > 2h30m", "x", ">", 9000],
    ["x > 24 * 3600", "x", ">", 86400], ["x < (10 / 100)", "x", "<", 0.1], ["x > 1 / 0", "x > 1 / 0"], ["x > Inf", "x > Inf"], ["x > NaN", "x > NaN"],
    ["0.05 < x", "x", ">", 0.05], ["5 == x", "x", "==", 5], ["a > b", "a > b"], ["a > b > 3", "a > b", ">", 3], ["a > on (job) b", "a > on (job) b"],
    ["(x > 5)", "x", ">", 5], ["((a / b > 0.5) and (c > 3))", "a / b", ">", 0.5], ["(a) / (b) > 1", "(a) / (b)", ">", 1], ["(a > 1) and on () (b)", "a", ">", 1], ["(a) + (b)", "(a) + (b)"],
    ["x > 1 # and y", "x", ">", 1], ["x # > 5\n> 3", "x \n", ">", 3], ['x{a="#"} > 1', 'x{a="#"}', ">", 1],
    ['x{a="\\"} > 5"} > 3', 'x{a="\\"} > 5"}', ">", 3], ["x{a='b} and'} != 2", "x{a='b} and'}", "!=", 2], ["x{a=`\\`} > 1", "x{a=`\\`}", ">", 1],
    ["oracle > 4", "oracle", ">", 4], ["and_more > 1 AND b", "and_more", ">", 1], ["a UNLESS b > 1", "a"], ["rate(x[5m] offset 1h) > 0", "rate(x[5m] offset 1h)", ">", 0],
    ["vector(1)", "vector(1)"], ["", ""], ["   ", ""], ["((", "(("], [")) > 1", "))", ">", 1], ['x{a="', 'x{a="'], ["# only", ""], ["> 5", "", ">", 5], ["and", ""],
  ])) assert.deepEqual(chartOf(query), chart(want[0].trim(), want[1], want[2]), query);
});

test("what stands on both sides of or are alternatives, a few of them", () => {
  assert.deepEqual(chartsOf("a > 0 or b < 1 and c == 1"), [chart("a", ">", 0), chart("b", "<", 1)]);
  assert.deepEqual(chartsOf("(a > 0 or (b)) and c"), [chart("a", ">", 0), chart("b")]);
  assert.deepEqual(chartsOf("sum(a > 0 or b)"), [chart("sum(a > 0 or b)")]);
  assert.equal(chartsOf(new Array(1000).fill("a").join(" or ")).length, 6);
});

test("hostile queries take no time and lose no character", () => {
  for (const query of ["(".repeat(2000), `x{a="${"\\".repeat(99999)}`, "`".repeat(9999), "a".repeat(99999) + " > 5", "= = == =~ <>!", "\u2028\u202e😀 > 1"]) {
    assert.ok(chartsOf(query).length > 0);
    assert.equal(tokens(query).map((t) => t.text).join(""), query);
  }
});

test("a line fires if its end is past the limit", () => {
  assert.deepEqual([fires(chart("x", ">", 1), [0, 2, null]), fires(chart("x", ">", 1), [2, 0]), fires(chart("x", "==", 0), [0]), fires(chart("x"), [5]), fires(chart("x"), [null]), fires(chart("x", "<", 1), [])], [true, false, true, true, false, false]);
});
