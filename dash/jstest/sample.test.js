import assert from "node:assert/strict";
import test from "node:test";
import { columnsOf, resultOf } from "../static/api.js";
import { numberOf, pointOf } from "../static/sample.js";

test("numbers as Prometheus writes them", () => {
  for (const [text, want] of /** @type {[unknown, number][]} */ ([["1.5", 1.5], ["+Inf", Infinity], ["-Inf", -Infinity], ["NaN", NaN], ["1e-7", 1e-7], [2, 2], [null, NaN], [undefined, NaN], ["x", NaN]])) {
    assert.equal(numberOf(text), want, String(text));
    assert.equal(pointOf(text), Number.isNaN(want) ? null : want, String(text));
  }
});

test("a line keeps what has no end, asked for alone or with others", () => {
  const want = [1, Infinity, null, -Infinity];
  assert.deepEqual(columnsOf([{ metric: {}, values: [[0, "1"], [10, "+Inf"], [20, "NaN"], [30, "-Inf"]] }], { from: 0, to: 30 }, 10).series[0].values, want);
  assert.deepEqual(resultOf({ resultType: "columns", start: 0, step: 10, count: 4, series: [{ metric: {}, values: [1, "+Inf", "NaN", "-Inf"] }] }, "").value.series[0].values, want);
});
