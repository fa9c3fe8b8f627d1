import assert from "node:assert/strict";
import test from "node:test";

import { age, change, count, latency, plain, rate, ratio, safeLink, shorten, time, visible } from "../static/format.js";
import { choose } from "../static/messages.js";

/** Tables of [input, text]. */
const tables = [
  [rate, [[NaN, "–"], [Infinity, "∞"], [-Infinity, "−∞"], [0, "0"], [0.004, "<0.01"], [0.0167, "0.02"], [4.266, "4.27"], [9.996, "10.0"],
    [41.23, "41.2"], [99.96, "100"], [1234.5, "1,235"], [1e6, "1,000,000"]]],
  [count, [[NaN, "–"], [-Infinity, "−∞"], [0, "0"], [12345, "12,345"]]],
  [ratio, [[NaN, "–"], [Infinity, "∞"], [0, "0%"], [1, "100%"], [0.00001, "<0.01%"], [-0.00001, "−<0.01%"], [-1.08, "−108.0%"], [0.0031, "0.31%"], [0.0999, "9.99%"], [0.09999, "10.0%"],
    [0.4829, "48.3%"], [0.99999, ">99.9%"], [0.999, "99.9%"]]],
  [latency, [[NaN, "–"], [Infinity, "∞"], [0, "0 s"], [0.00000002, "20 ns"], [0.00085, "850 µs"], [0.0123, "12.3 ms"], [0.9999, "1 s"],
    [0.9994, "999 ms"], [1.234, "1.23 s"], [59.99, "1 min"], [90, "1.5 min"], [60000, "1,000 min"]]],
  [age, [[-3, "0 s"], [0.4, "0 s"], [35, "35 s"], [59.6, "1 min"], [3600, "1 h"], [7500, "2 h 5 min"], [86400, "1 d"], [90000, "1 d 1 h"]]],
  [visible, [["/api", "/api"], ["مرحبا", "مرحبا"], ["a\nb\r\t", "a\\nb\\r\\t"], ["\u202egnp.exe", "\\u202egnp.exe"], ["a\u200bb\u0000", "a\\u200bb\\u0000"], ["", ""]]],
];

for (const [f, cases] of tables) {
  test(f.name, () => { for (const [input, want] of cases) assert.equal(f(input), want, `${f.name}(${input})`); });
}

test("change", () => {
  for (const [now, before, want] of /** @type {[number, number, string][]} */ ([[3, 1, "3×"], [1.2, 1, "+20%"], [1, 2, "−50%"], [1, 1, "±0%"], [1, 0, "new"], [0, 0, ""], [NaN, 1, ""]])) {
    assert.equal(change(now, before), want, `${before} → ${now}`);
  }
});

test("ages and changes in Chinese", () => {
  choose("zh-CN", []);
  assert.deepEqual([0, 35, 300, 3600, 7500, 90000].map(age), ["0 秒", "35 秒", "5 分钟", "1 小时", "2 小时 5 分钟", "1 天 1 小时"]);
  assert.equal(change(1, 0), "新增");
  choose("en", []);
});

test("shorten", () => {
  assert.equal(shorten("abc", 3), "abc");
  assert.equal(shorten("abcd", 3), "ab…");
  assert.equal(shorten("😀😀😀", 2), "😀…", "no half of a character");
});

test("time names the day when it is another", () => {
  const now = new Date(2024, 4, 3, 14, 2, 11);
  assert.equal(time(now, now), "14:02:11");
  assert.equal(time(new Date(2024, 4, 3, 0, 0, 0), now), "00:00:00");
  assert.match(time(new Date(2024, 4, 2, 9, 5), now), /^2 May,? 09:05$/);
  assert.match(time(new Date(2001, 8, 9, 1, 46), now), /^9 Sept? 2001,? 01:46$/);
  assert.equal(time(new Date("nonsense"), now), "–");
});

test("safeLink", () => {
  const base = "http://host/tacho/";
  for (const [link, want] of [
    ["docs/alerts/A", "http://host/tacho/docs/alerts/A"], ["https://wiki.example/A", "https://wiki.example/A"],
    ["javascript:alert(1)", ""], [" JaVaScript:alert(1)", ""], ["data:text/html,x", ""], ["http://", ""], ["", ""], [undefined, ""],
  ]) assert.equal(safeLink(link, base), want, String(link));
});
