import test from "node:test";
import assert from "node:assert/strict";
import { columnsOf } from "../static/api.js";
import { aligned, bounds, columns, firstSpan, formatSpan, parseSpan, shiftOf, stepOf, withEnd, within } from "../static/range.js";

test("a span is what it was written as, or the first one", () => {
  for (const span of [{ last: 900 }, { last: 86400 }, { from: 1000, to: 2000 }]) assert.deepEqual(parseSpan(formatSpan(span)), span);
  for (const text of ["", "soon", "-5", "5", "2000-1000", "1000-1001", "1e9", "9".repeat(12), "1-2-3", "__proto__"]) {
    assert.deepEqual(parseSpan(text), firstSpan(), text);
  }
});

test("dragging gives whole seconds, in either direction, and never too little", () => {
  assert.deepEqual(within(100.7, 200.2), { from: 100, to: 201 });
  assert.deepEqual(within(200.2, 100.7), { from: 100, to: 201 });
  const { from, to } = /** @type {any} */ (within(100, 101));
  assert.ok(to - from >= 30 && from <= 100 && to >= 101);
  assert.deepEqual(parseSpan(formatSpan(within(100, 101))), within(100, 101));
});

test("the span to compare with is as long, and ends before, a day or a week ago", () => {
  assert.deepEqual(bounds({ last: 60 }, 1000), { from: 940, to: 1000 });
  const edges = { from: 940, to: 1000 };
  assert.deepEqual(["before", "", "day", "week"].map((c) => shiftOf(c, edges)), [60, 60, 86400, 604800]);
});

test("steps are even, enough, and never shorter than an evaluation", () => {
  assert.deepEqual([900, 3600, 86400, 30 * 86400].map((s) => stepOf(s, 1, 300)), [5, 15, 300, 21600]);
  assert.equal(stepOf(900, 15, 300), 15);
  for (const s of [30, 1234, 98765, 3e6, 3e8]) assert.ok(s / stepOf(s, 1, 300) <= 300);
});

test("a chart that follows the clock asks for the same points until there is a new one", () => {
  assert.deepEqual(aligned({ from: 104, to: 203 }, 15), { from: 90, to: 195 });
  assert.deepEqual(aligned({ from: 101, to: 199 }, 15), { from: 90, to: 195 });
});

test("columns have a gap where there is no point, and what has no end is a number", () => {
  const series = [{ metric: {}, values: /** @type {[number, string][]} */ ([[10, "1"], [30, "3"], [99, "7"]]) }, { metric: {}, values: /** @type {[number, string][]} */ ([[10, "NaN"], [20, "+Inf"], [30, "0"]]) }];
  assert.deepEqual(columns(columnsOf(series, { from: 10, to: 30 }, 10)), [[10, 20, 30], [1, null, 3], [null, Infinity, 0]]);
  assert.deepEqual(columnsOf([{ metric: {}, histograms: [[20, "h"]] }], { from: 10, to: 30 }, 10).series[0].histograms, [null, "h", null]);
});

test("one more point at the end", () => {
  const lines = [{ name: "a", values: [1, 2] }];
  assert.deepEqual(withEnd(lines, [0, 10], [{ name: "a", value: NaN }, { name: "b", value: NaN }], 15), [[0, 10, 15], [{ name: "a", values: [1, 2, null] }]]);
  assert.deepEqual(withEnd(lines, [0, 10], [{ name: "a", value: 3 }], 10), [[0, 10], [{ name: "a", values: [1, 3] }]]);
  assert.deepEqual(withEnd(lines, [0, 10], [{ name: "a", value: 3 }], 9), [[0, 10], lines]);
});
