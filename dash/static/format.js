// Formats numbers, times and external text. Pure except for the language and time zone.

import { say } from "./messages.js";

/** Shown where there is no number. */
export const nothing = "–";

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
let locale = "en-GB";
/**
 * The time zone of all times, undefined for the browser's.
 * @type {string | undefined}
 */
let zone;

/** Formatters of times, created again when the language or the zone changes. */
let writers = newWriters();

function newWriters() {
  const of = (/** @type {string} */ language, /** @type {Intl.DateTimeFormatOptions} */ options) =>
    new Intl.DateTimeFormat(language, { ...options, hourCycle: "h23", timeZone: zone });
  return {
    zone: zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    clock: of("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
    minute: of("en-GB", { hour: "2-digit", minute: "2-digit" }),
    day: of(locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }),
    year: of(locale, { year: "numeric", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }),
    date: of(locale, { day: "numeric", month: "short" }),
    key: of("en-CA", { year: "numeric", month: "2-digit", day: "2-digit" }),
    full: of("en-CA", { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  };
}

/**
 * useLanguage sets the language of dates; the clock always has 24 hours.
 * @param {string} language
 */
export function useLanguage(language) {
  locale = language === "en" ? "en-GB" : language;
  writers = newWriters();
}

/**
 * useZone sets the time zone; an unknown one falls back to the browser's.
 * @param {string} name of the IANA database, "" for the browser's
 */
export function useZone(name) {
  const known = (/** @type {string} */ z) => {
    try {
      return Boolean(new Intl.DateTimeFormat("en", { timeZone: z }));
    } catch {
      return false;
    }
  };
  const next = name && known(name) ? name : undefined;
  if (next === zone) return;
  zone = next;
  writers = newWriters();
}

/** The time zone in use. */
export const zoneName = () => writers.zone;

/**
 * The time of day with seconds, and without.
 * @param {Date} at
 */
export const clock = (at) => writers.clock.format(at);
/** @param {Date} at */
export const minute = (at) => writers.minute.format(at);
/**
 * A day without its time.
 * @param {Date} at
 */
export const date = (at) => writers.date.format(at);
/**
 * dayKey is equal for all times of one day.
 * @param {Date} at
 */
export const dayKey = (at) => writers.key.format(at);
/**
 * stamp formats a time for a form: 2026-11-26T08:59:59.
 * @param {Date} at
 */
export const stamp = (at) => writers.full.format(at).replace(", ", "T");

/**
 * moment parses what stamp formats: seconds since the epoch, or NaN.
 * @param {string} text
 */
export function moment(text) {
  const wall = Date.parse(`${text}Z`);
  if (Number.isNaN(wall)) return NaN;
  // The zone's offset from UTC at that wall time: format a guess, measure how far off it is, and repeat, since
  // daylight saving time may start in between.
  const off = (/** @type {number} */ guess) => Date.parse(`${stamp(new Date(guess))}Z`) - guess;
  const first = wall - off(wall);
  return (wall - off(first)) / 1000;
}

/** unbounded formats infinities and NaN. */
const unbounded = (/** @type {number} */ n) => (n === Infinity ? "∞" : n === -Infinity ? "−∞" : nothing);

/** @param {number} n requests per second, or any plain number */
export function rate(n) {
  if (!Number.isFinite(n)) return unbounded(n);
  if (n === 0) return "0";
  if (n < 0.01) return "<0.01";
  return n < 9.995 ? n.toFixed(2) : n < 99.95 ? n.toFixed(1) : grouped.format(n);
}

/**
 * number formats a number of unknown unit.
 * @param {number} n
 */
export function number(n) {
  if (!Number.isFinite(n)) return unbounded(n);
  if (Number.isInteger(n) && Math.abs(n) < 1e9) return grouped.format(n);
  return Math.abs(n) >= 1e-3 && Math.abs(n) < 1e6 ? String(Number(n.toPrecision(4))) : n.toExponential(2);
}

/** @param {number} n */
export function count(n) {
  return Number.isFinite(n) ? grouped.format(n) : unbounded(n);
}

/**
 * @param {number} n a share from 0 to 1
 * @returns {string}
 */
export function ratio(n) {
  if (!Number.isFinite(n)) return unbounded(n);
  const percent = n * 100;
  if (percent === 0 || percent === 100) return `${percent}%`;
  if (percent < 0) return `−${ratio(-n)}`; // of a budget that is overspent
  if (percent < 0.01) return "<0.01%";
  if (percent > 99.95 && percent < 100) return ">99.9%";
  return `${percent.toFixed(percent < 9.995 ? 2 : 1)}%`;
}

/**
 * plain is a written limit without digits that say nothing: 5% for 5.00%.
 * @param {string} text
 */
export const plain = (text) => text.replace(/(\.\d*?)0+%$/, "$1%").replace(".%", "%");

/**
 * change formats a relative change without the help of colors: a percentage, or a factor
 * from 2× on.
 * @param {number} now
 * @param {number} before
 */
export function change(now, before) {
  if (!Number.isFinite(now) || !Number.isFinite(before) || (now === 0 && before === 0)) return "";
  if (before === 0) return say("isNew");
  const by = now / before - 1;
  if (Math.abs(by) < 0.005) return "±0%";
  if (by >= 1) return `${by + 1 < 100 ? Number((by + 1).toPrecision(2)) : grouped.format(by + 1)}×`;
  return `${by > 0 ? "+" : "−"}${Math.abs(by) < 0.1 ? Number((Math.abs(by) * 100).toPrecision(2)) : Math.round(Math.abs(by) * 100)}%`;
}

const sizes = /** @type {[number, string][]} */ ([[1 << 30, "GiB"], [1 << 20, "MiB"], [1 << 10, "KiB"], [1, "B"]]);

/** @param {number} n bytes */
export function bytes(n) {
  if (!Number.isFinite(n)) return unbounded(n);
  if (n <= 0) return "0 B";
  const [size, name] = sizes.find(([size]) => n >= size * 0.9995) ?? [1, "B"];
  return `${Number((n / size).toPrecision(3))} ${name}`;
}

/** Units of time, each used from its size on: [size in seconds, name]. */
const units = /** @type {const} */ ([[60, "min"], [1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]]);

/** @param {number} seconds */
export function latency(seconds) {
  if (!Number.isFinite(seconds)) return unbounded(seconds);
  if (seconds <= 0) return "0 s";
  const rounded = Number(seconds.toPrecision(3)); // first, so that 0.9999 s is not 1000 ms
  const [size, name] = units.find(([size]) => rounded >= size) ?? units[units.length - 1];
  const n = Number((rounded / size).toPrecision(3));
  return `${n >= 100 ? grouped.format(n) : n} ${name}`;
}

/** @param {number} seconds how long ago, or how long it takes */
export function age(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return say("seconds", { n: s });
  if (s < 3600) return say("minutes", { n: Math.floor(s / 60) });
  if (s < 86400) return both("hours", Math.floor(s / 3600), "minutes", Math.floor((s % 3600) / 60));
  return both("days", Math.floor(s / 86400), "hours", Math.floor((s % 86400) / 3600));
}

const both = (/** @type {string} */ large, /** @type {number} */ n, /** @type {string} */ small, /** @type {number} */ rest) =>
  rest ? `${say(large, { n })} ${say(small, { n: rest })}` : say(large, { n });

/**
 * time formats a time: the clock, plus the day if it is not today, plus the year if it is
 * not this one.
 * @param {Date} at
 * @param {Date} now
 */
export function time(at, now) {
  if (Number.isNaN(at.getTime())) return nothing;
  if (dayKey(at) === dayKey(now)) return clock(at);
  return (dayKey(at).slice(0, 4) === dayKey(now).slice(0, 4) ? writers.day : writers.year).format(at);
}

/** Invisible characters, and those that change text direction (bidi). */
const unseen = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * visible escapes invisible characters, so that different label values look different.
 * @param {string} text
 */
export function visible(text) {
  return text.replace(unseen, (c) => {
    const short = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[c];
    return short ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/**
 * shorten keeps the beginning of a long text.
 * @param {string} text
 * @param {number} most characters
 */
export function shorten(text, most) {
  const all = [...text];
  return all.length <= most ? text : all.slice(0, most - 1).join("") + "…";
}

/**
 * safeLink returns an absolute URL that is safe to link to, or "": a runbook's address
 * comes from an annotation, which is not trusted.
 * @param {string | undefined} link
 * @param {string} base
 */
export function safeLink(link, base) {
  if (!link) return "";
  try {
    const url = new URL(link, base);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : "";
  } catch {
    return "";
  }
}
