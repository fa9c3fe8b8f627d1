import assert from "node:assert/strict";
import test from "node:test";

import { narrowed, neverCalled, rateBy } from "../static/names.js";
import { isError } from "../static/queries.js";

const grpc = { metric: "grpc_server_handled_total", kind: "counter", path: "grpc_method", status: "grpc_code", join: ["grpc_service", "grpc_method"] };
const whole = { metric: "rpc_seconds", kind: "histogram", path: "rpc_method", status: "code", join: ["rpc_method"] };
const subject = { job: "shop", schema: "", method: "", path: "/shop.v1.Shop/Buy" };

test("the route of an RPC is its service and method", () => {
  assert.deepEqual(narrowed(grpc, subject), [["job", "=", "shop"], ["grpc_service", "=", "shop.v1.Shop"], ["grpc_method", "=", "Buy"]]);
  assert.deepEqual(narrowed(whole, subject), [["job", "=", "shop"], ["rpc_method", "=", "shop.v1.Shop/Buy"]]);
  assert.deepEqual(narrowed(grpc, { ...subject, path: "unmatched" }), [["job", "=", "shop"], ["grpc_service", "=", "unmatched"]]);
  const all = { job: "shop", schema: "" };
  assert.equal(rateBy(grpc, "", ["path"], all, "1m"), 'label_replace(label_join(sum by (grpc_service, grpc_method) (rate(grpc_server_handled_total{job="shop"}[1m])), ' +
    '"path", "/", "path", "grpc_service", "grpc_method"), "path", "$1", "path", "/(unmatched|unknown)/.*")');
  assert.equal(rateBy(whole, "_count", ["path"], all, "1m"), 'label_join(sum by (rpc_method) (rate(rpc_seconds_count{job="shop"}[1m])), "path", "/", "path", "rpc_method")');
  assert.match(neverCalled({ name: "x", requests: grpc }, all) ?? "", /^label_replace\(label_join\(sum by \(grpc_service, grpc_method\) \(grpc_server_handled_total\{job="shop"\}\).* == 0$/);
});

test("sums in milliseconds are made seconds, counts are not", () => {
  const ms = { ...grpc, metric: "duration_ms", scale: 0.001 };
  const whole = { job: "shop", schema: "" };
  assert.equal(rateBy(ms, "_sum", ["instance"], whole, "1m"), 'sum by (instance) (rate(duration_ms_sum{job="shop"}[1m])) * 0.001');
  assert.equal(rateBy(ms, "_count", ["instance"], whole, "1m"), 'sum by (instance) (rate(duration_ms_count{job="shop"}[1m]))');
});

test("codes that are errors of the server", () => {
  for (const s of ["500", "5xx", "14", "Unavailable", "UNAVAILABLE", "unavailable", "Internal", "DATA_LOSS"]) assert.ok(isError.test(s), s);
  for (const s of ["", "200", "499", "0", "5", "NotFound", "NOT_FOUND", "not_found", "OK", "Canceled", "52"]) assert.ok(!isError.test(s), s);
});
