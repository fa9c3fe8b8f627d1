// Times as people type them. Pure, except for the time zone in use.

import { dayKey, moment } from "./format.js";

const day = 86_400;
const units = /** @type {Record<string, number>} */ ({ s: 1, 秒: 1, m: 60, min: 60, 分钟: 60, h: 3600, 小时: 3600, d: day, 天: day, w: 7 * day, 周: 7 * day });
const days = /** @type {Record<string, number>} */ ({ today: 0, 今天: 0, yesterday: 1, 昨天: 1, 前天: 2 });

/**
 * typedTime reads a time: "now", "2h" (that long ago), "14:00" (today), "yesterday 14:00", "2026-11-26 14:00",
 * "26 Nov 14:00", and the same in Chinese. NaN if it is none.
 * @param {string} text
 * @param {number} now seconds since the epoch
 */
export function typedTime(text, now) {
  const t = text.trim().toLowerCase().replaceAll("：", ":");
  if (t === "now" || t === "现在") return now;
  const ago = /^-?(\d+(?:\.\d+)?)\s*(s|秒|min|m|分钟|h|小时|d|天|w|周)(?:\s*ago|前)?$/.exec(t);
  if (ago) return now - Number(ago[1]) * units[ago[2]];
  const [, word = "today", clock = ""] = /^(?:(today|今天|yesterday|昨天|前天)\s*)?(\d{1,2}:\d{2}(?::\d{2})?)?$/.exec(t) ?? [];
  if (t && (word in days) && (clock || t === word)) return moment(`${dayKey(new Date((now - days[word] * day) * 1000))}T${full(clock || "0:00")}`);
  const iso = /^(\d{4}-\d{2}-\d{2})(?:[t ]+(\d{1,2}:\d{2}(?::\d{2})?))?$/.exec(t);
  if (iso) return moment(`${iso[1]}T${full(iso[2] ?? "0:00")}`);
  return named(t, now);
}

/** full is a clock with all its digits. */
function full(/** @type {string} */ clock) {
  const [h, m, s = "00"] = clock.split(":");
  return `${h.padStart(2, "0")}:${m}:${s}`;
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** named reads "26 nov 14:00" and "11月26日 14:00"; the year is the last in which it is past. */
function named(/** @type {string} */ t, /** @type {number} */ now) {
  const en = /^(\d{1,2})\s*([a-z]{3})[a-z]*\.?(?:\s+(\d{1,2}:\d{2}(?::\d{2})?))?$/.exec(t);
  const zh = /^(\d{1,2})月(\d{1,2})日(?:\s*(\d{1,2}:\d{2}(?::\d{2})?))?$/.exec(t);
  const month = en ? months.indexOf(en[2]) + 1 : Number(zh?.[1] ?? 0);
  if (!month) return NaN;
  const date = en ? en[1] : /** @type {RegExpExecArray} */ (zh)[2];
  const clock = full((en ? en[3] : /** @type {RegExpExecArray} */ (zh)[3]) ?? "0:00");
  const year = Number(dayKey(new Date(now * 1000)).slice(0, 4));
  const at = (/** @type {number} */ y) => moment(`${y}-${String(month).padStart(2, "0")}-${date.padStart(2, "0")}T${clock}`);
  return at(year) <= now ? at(year) : at(year - 1);
}
