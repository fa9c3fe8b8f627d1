import test from "node:test";
import assert from "node:assert/strict";
import { byInstance, compared, endOf, lastOf, lines, panels, stack, tickTexts } from "../static/panels.js";
import { bytes, count, latency, number, rate, ratio } from "../static/format.js";
import { raw, recorded } from "../static/queries.js";
import { range, vector } from "./ranges.js";

const hostile = 'a"b\\c\n{x="y"}';

test("a route's charts ask for that route, whatever its name", () => {
  const all = panels({ job: hostile, schema: "flask", method: "GET", path: hostile }, recorded, 15, 15);
  assert.equal(all.length, 4);
  for (const { expr } of all) {
    assert.ok(!expr.includes("\n"), expr);
    assert.ok(expr.includes('path="a\\"b\\\\c\\n{x=\\"y\\"}"') && expr.includes('schema="flask"'), expr);
  }
});

test("a long span sees what was between its points", () => {
  const [rate, , latency, , flight] = panels({ job: "shop", schema: "" }, recorded, 300, 15).map((p) => p.expr);
  assert.ok(rate.includes('avg_over_time(tacho:job_http_requests_by_status:rate{job="shop"}[300s])'), rate);
  assert.ok(latency.includes('max_over_time(tacho:job_http_request_duration_seconds:quantile{job="shop"}[300s])'), latency);
  assert.ok(flight.includes("max_over_time("), flight);
  const [short] = panels({ job: "shop", schema: "" }, recorded, 15, 15);
  assert.ok(!short.expr.includes("over_time"), short.expr);
});

test("codes of RPCs are in the class of their HTTP status", () => {
  const [{ expr }] = panels({ job: "shop", schema: "" }, recorded, 15, 15);
  const replaced = [...expr.matchAll(/"class", "([^"]*)", "status", "([^"]*)"/g)].map((m) => [m[1], new RegExp(`^(?:${m[2].replace("(?i:", "(?:")})$`, "i")]);
  const classOf = (/** @type {string} */ status) => replaced.reduce((found, [name, pattern]) => (/** @type {RegExp} */ (pattern).test(status) ? String(name).replace("${1}", status[0]) : found), "other");
  for (const [status, want] of [
    ["200", "2xx"], ["404", "4xx"], ["503", "5xx"], ["0", "2xx"], ["OK", "2xx"], ["5", "4xx"], ["16", "4xx"], ["NotFound", "4xx"], ["NOT_FOUND", "4xx"], ["not_found", "4xx"],
    ["Canceled", "4xx"], ["CANCELLED", "4xx"], ["2", "5xx"], ["14", "5xx"], ["Unavailable", "5xx"], ["UNAVAILABLE", "5xx"], ["Internal Server Error", "5xx"],
    ["Not Found", "other"], ["", "other"], ["17", "other"],
  ]) assert.equal(classOf(status), want, status);
});

test("without recording rules the same is computed", () => {
  const all = panels({ job: "shop", schema: "" }, raw("5m"), 60, 15);
  assert.ok(all[0].expr.includes('rate(http_requests_total{job="shop"}[5m])'), all[0].expr);
  assert.ok(all[2].expr.includes("histogram_quantile(0.95, sum by (le)"), all[2].expr);
  assert.ok(panels({ job: "shop", schema: "" }, raw("5m"), 3600, 15)[0].expr.includes("[3600s]"));
});

test("lines have names and an order, and only errors are errors", () => {
  const [rate, errors] = panels({ job: "shop", schema: "" }, recorded, 15, 15);
  const of = (/** @type {string[]} */ ...classes) => range(...classes.map((c) => [{ class: c }, [1, 2]]));
  assert.deepEqual(lines(rate, of("5xx", "other", "2xx", "4xx")).names, ["2xx", "4xx", "5xx", "other"]);
  assert.deepEqual(lines(errors, of("2xx", "4xx", "5xx")).names, ["5xx"]);
});

test("a chart ends on what is now, not on the mean of the time since its last point", () => {
  const [rate] = panels({ job: "shop", schema: "" }, recorded, 300, 15);
  assert.ok(rate.expr.includes("avg_over_time") && !rate.end?.includes("over_time"), rate.end);
  const found = lines(rate, range([{ class: "2xx" }, [1, 2, 3]]), vector([{ class: "2xx" }, 7], [{ class: "5xx" }, 0.5]), 25);
  assert.deepEqual(found, { times: [0, 10, 20, 25], names: ["2xx", "5xx"], values: [[1, 2, 3, 7], [null, null, null, 0.5]] });
  assert.deepEqual(lines(rate, range([{ class: "2xx" }, [1, 2, 3]]), vector([{ class: "2xx" }, 7]), 20).values, [[1, 2, 7]]);
  assert.deepEqual(lines(rate, range([{ class: "2xx" }, [1, 2, 3]])).values, [[1, 2, 3]]);
});

test("stacked lines add up, and a gap is a gap in all", () => {
  assert.deepEqual(stack([[1, null, null, 4], [2, 3, null, null]]), [[1, null, null, 4], [3, 3, null, 4]]);
  assert.deepEqual(stack([]), []);
});

test("one line of the span before stands for a panel", () => {
  const [rate, errors, latency, , flight] = panels({ job: "shop", schema: "" }, recorded, 15, 15);
  assert.deepEqual(compared(rate, ["2xx", "5xx"], [[1, null], [2, 3]]), [3, 3]);
  assert.deepEqual(compared(errors, ["5xx", "4xx"], [[0.1], [0.2]]), [0.1]);
  assert.deepEqual(compared(latency, ["0.5", "0.95"], [[1], [2]]), [2]);
  assert.deepEqual(compared(flight, ["shop"], [[7]]), [7]);
  for (const panel of [rate, errors, latency, flight]) assert.equal(compared(panel, [], []), null);
});

test("a card's number is the one that its chart ends on", () => {
  const shown = (/** @type {string[]} */ names, /** @type {(number | null)[][]} */ values, stacked = false) => ({ names, values, stacked, drawn: stacked ? stack(values) : values });
  const latency = shown(["0.5", "0.95", "0.99", "before"], [[1, 2], [3, 4], [5, null], [7, 8]]);
  assert.equal(endOf(latency, "0.95"), 4);
  assert.ok(Number.isNaN(endOf(latency, "0.99")), "a line that has ended has no number now");
  assert.ok(Number.isNaN(endOf(latency, "0.9")));
  assert.equal(endOf(shown(["2xx", "4xx", "before"], [[1, 2], [3, 4], [9, 9]], true)), 6, "a stack ends on its sum");
  assert.equal(endOf(shown(["2xx", "5xx", "before"], [[1, 2], [3, null], [9, 9]], true)), 2);
  assert.equal(endOf(shown(["2xx", "5xx"], [[1, 2], [3, 4]], true), "5xx"), 4);
  assert.ok(Number.isNaN(endOf(shown([], []))));
});

test("no failure among requests is 0, and without numbers for statuses nothing is known", () => {
  const [, errors] = panels({ job: "shop", schema: "" }, recorded, 15, 15);
  assert.deepEqual(lines(errors, range([{ class: "2xx" }, [1, null, 0.5]], [{ class: "5xx" }, [null, null, 0.5]])).values, [[0, null, 0.5]]);
  assert.deepEqual(lines(errors, range([{ class: "2xx" }, [1, 1]]), vector([{ class: "2xx" }, 1]), 25).values, [[0, 0, 0]]);
  assert.deepEqual(lines(errors, range([{ class: "other" }, [1, 1]])).names, []);
});

test("what is in flight is by instance where the service counts it, the fullest first", () => {
  const names = /** @type {any} */ ({ name: "x", inFlight: { metric: "busy" } });
  const flight = /** @type {any} */ (panels({ job: 'a"b', schema: "" }, recorded, 300, 15, names).find((p) => p.id === "chartInFlight"));
  assert.equal(flight.expr, 'sum by (instance) (max_over_time(busy{job="a\\"b"}[300s]))');
  assert.equal(flight.end, 'sum by (instance) (busy{job="a\\"b"})');
  const many = lines(flight, range(...Array.from({ length: 12 }, (_, i) => /** @type {[any, number[]]} */ ([{ instance: `i${String(i).padStart(2, "0")}` }, [i]]))));
  assert.deepEqual(many.names, ["i04", "i05", "i06", "i07", "i08", "i09", "i10", "i11"]);
});

test("a route's fourth chart is its errors by instance, or its latency if it is slow", () => {
  const names = /** @type {any} */ ({ name: "x", requests: { metric: "n_total", method: "method", path: "path", status: "status" }, duration: { metric: "t", method: "method", path: "path" } });
  const route = { job: "shop", schema: "", method: "GET", path: "/" };
  const errors = /** @type {any} */ (byInstance(route, names, false, 15));
  assert.equal(errors.id, "chartBadInstances");
  assert.match(errors.expr, /^\(sum by \(instance\) \(rate\(n_total\{job="shop",method="GET",path="\/",status=~.*\) or \(sum by \(instance\) .*\) \* 0$/);
  const slow = /** @type {any} */ (byInstance(route, names, true, 120));
  assert.deepEqual([slow.unit, slow.expr.includes("[120s]"), slow.end.includes("[60s]")], ["latency", true, true]);
  assert.equal(byInstance(route, /** @type {any} */ ({ name: "y" }), false, 15), null);
});

test("a legend has what a line ends on, and nothing of one that ended earlier", () => {
  assert.equal(lastOf("a", [1, 2]), 2);
  assert.equal(lastOf("a", [1, null]), null);
  assert.equal(lastOf("a", []), null);
  assert.equal(lastOf("before", [1, null]), 1, "the time before has no point for now");
});

test("no two ticks read alike, and each says where it is", () => {
  for (const [ticks, unit, write, want] of /** @type {[number[], string, (n: number) => string, string][]} */ ([
    [[0, 0.5, 1], "count", count, "0.0 0.5 1.0"],
    [[0, 1, 2], "count", count, "0 1 2"],
    [[0, 2.5, 5], "count", count, "0.0 2.5 5.0"],
    [[0, 20, 40], "rate", rate, "0 20 40"],
    [[100, 102.5, 105], "rate", rate, "100.0 102.5 105.0"],
    [[0, 2500, 5000], "count", count, "0 2,500 5,000"],
    [[0, 0.25, 0.5], "count", count, "0.00 0.25 0.50"],
    [[0, 0.002, 0.004, 0.006], "rate", rate, "0.000 0.002 0.004 0.006"],
    [[100, 100.5, 101], "rate", rate, "100.0 100.5 101.0"],
    [[0.9995, 0.9996, 0.9997], "ratio", ratio, "99.95% 99.96% 99.97%"],
    [[1, 1.0001, 1.0002], "latency", latency, "1.0000 s 1.0001 s 1.0002 s"],
    [[0, 0.5, 1], "latency", latency, "0 500 ms 1 s"],
    [[0, 0.2, 0.4], "latency", latency, "0 200 ms 400 ms"],
    [[-1, -0.5, 0], "ratio", ratio, "−100% −50% 0%"],
    [[1048576, 1048586], "bytes", bytes, "1.000000000000 MiB 1.000009536743 MiB"],
    [[12345.1, 12345.2], "number", number, "12345.1 12345.2"],
  ])) {
    const got = tickTexts(ticks, unit, write);
    assert.equal(got.join(" "), want);
    assert.equal(new Set(got).size, got.length);
  }
});
