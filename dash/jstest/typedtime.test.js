import { useZone } from "../static/format.js";
import { typedTime } from "../static/typedtime.js";
import assert from "node:assert/strict";
import test from "node:test";

test("times as people type them", () => {
  useZone("UTC");
  const now = Date.UTC(2026, 10, 28, 15, 30) / 1000;
  const at = (day, clock = "00:00:00") => Date.parse(`2026-11-${day}T${clock}Z`) / 1000;
  for (const [text, want] of [
    ["now", now], ["现在", now], ["2h", now - 7200], ["90 min", now - 5400], ["1.5d", now - 129600], ["2 小时前", now - 7200],
    ["14:00", at(28, "14:00:00")], ["today", at(28)], ["yesterday 14:00", at(27, "14:00:00")], ["昨天 14:00", at(27, "14:00:00")], ["昨天14：00", at(27, "14:00:00")],
    ["2026-11-26 09:00", at(26, "09:00:00")], ["2026-11-26", at(26)], ["26 Nov 09:00", at(26, "09:00:00")], ["11月26日 09:00", at(26, "09:00:00")],
    ["30 Nov", Date.UTC(2025, 10, 30) / 1000],
  ]) assert.equal(typedTime(text, now), want, text);
  for (const text of ["", "soon", "25", "14:00 yesterday?", "32h ago!"]) assert.equal(Number.isNaN(typedTime(text, now)), true, text);
  useZone("");
});
