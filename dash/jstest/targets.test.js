import assert from "node:assert/strict";
import test from "node:test";
import { secondsOf } from "../static/duration.js";
import { explain } from "../static/scrapeerror.js";
import { causeCases } from "./causecases.js";
import { downFrom, jobsOf, matches, targetsOf } from "../static/targets.js";

test("the page explains what doctor, top and alerts explain, in the same words", () => {
  for (const { name, error, url, timeout, cause, texts } of causeCases) {
    for (const [setting, want] of Object.entries(texts)) {
      assert.deepEqual(explain(error, { url, timeout }, setting), { cause, texts: want }, `${name}, ${setting}`);
    }
  }
});

test("what is not known is left to the error's own words", () => {
  assert.deepEqual(explain("something else", { url: "", timeout: NaN }, "config"), { cause: "", texts: ["", ""] });
});

const list = [
  { labels: { job: "a", instance: "1" }, health: "up", lastScrape: "2026-11-26T10:00:00Z", lastScrapeDuration: 0.1, scrapeTimeout: "10s", scrapeInterval: "1m30s" },
  { labels: { job: "b", instance: "1", zone: "Q" }, health: "up", lastScrapeDuration: 9, scrapeTimeout: "10s", scrapeUrl: "http://b/" },
  { labels: { job: "c", instance: "1" }, health: "down", lastError: "x", lastScrape: "0001-01-01T00:00:00Z" }, {}, { labels: { job: "a", instance: "0" }, health: "down" },
];

test("targets: those that are down first, then the slow ones", () => {
  const found = targetsOf(list);
  assert.deepEqual(found.map((t) => `${t.job}${t.instance} ${t.health} ${t.slow}`), ["a0 down false", "c1 down false", "b1 up true", " unknown false", "a1 up false"]);
  assert.deepEqual([found[4].at, found[4].interval, found[4].timeout, found[1].at], [Date.UTC(2026, 10, 26, 10) / 1000, 90, 10, NaN]);
  assert.equal(new Set(found.map((t) => t.key)).size, 5);
  assert.deepEqual(["1m30s", "500ms", "15s", "1h", "", "x", "15", "1s garbage"].map(secondsOf), [90, 0.5, 15, 3600, NaN, NaN, NaN, NaN]);
});

test("targets stand below their jobs; all are counted, and some shown", () => {
  const short = (/** @type {number} */ most) => jobsOf(targetsOf(list), most).map((j) => `${j.job} ${j.up}/${j.down}/${j.unknown} ${j.targets.length}`);
  assert.deepEqual(short(100), ["a 1/1/0 2", "c 0/1/0 1", "b 1/0/0 1", " 0/0/1 1"]);
  assert.deepEqual(short(2), ["a 1/1/0 1", "c 0/1/0 1"]);
  assert.deepEqual([jobsOf([], 100), targetsOf([])], [[], []]);
});

test("a filter looks at all that is shown of a target", () => {
  const [down, , slow] = targetsOf(list);
  assert.deepEqual([matches(slow, ""), matches(slow, "q B/"), matches(slow, "q z"), matches(down, "DOWN")], [true, true, false, true]);
});

test("a target is down since the first failed scrape after the last good one; unknown if it was never up", () => {
  assert.deepEqual([[1, 0, 1, 0, 0], [0, 0, 0], [1, 1], [1, null, 0], []].map((ups) => downFrom(ups, 100, 15)), [145, NaN, NaN, NaN, NaN]);
});
