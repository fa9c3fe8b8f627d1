// Numbers, times and foreign text as people read them. Pure.

/** What stands where there is no number. */
export const nothing = "–";

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
/** The time of day, with seconds. */
export const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
let locale = "en-GB";
const day = () => new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/**
 * useLanguage chooses how days are written; the clock has 24 hours in all.
 * @param {string} language
 */
export function useLanguage(language) {
  locale = language === "en" ? "en-GB" : language;
}

/** A day without its time. @param {Date} at */
export const date = (at) => new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" }).format(at);

/** @param {number} n requests per second, or any plain number */
export function rate(n) {
  if (!Number.isFinite(n)) return nothing;
  if (n === 0) return "0";
  if (n < 0.01) return "<0.01";
  return n < 9.995 ? n.toFixed(2) : n < 99.95 ? n.toFixed(1) : grouped.format(n);
}

/**
 * A number of which nothing is known but itself.
 * @param {number} n
 */
export function number(n) {
  if (!Number.isFinite(n)) return nothing;
  if (Number.isInteger(n) && Math.abs(n) < 1e9) return grouped.format(n);
  return Math.abs(n) >= 1e-3 && Math.abs(n) < 1e6 ? String(Number(n.toPrecision(4))) : n.toExponential(2);
}

/** @param {number} n */
export function count(n) {
  return Number.isFinite(n) ? grouped.format(n) : nothing;
}

/** @param {number} n a share of one */
export function ratio(n) {
  if (!Number.isFinite(n)) return nothing;
  const percent = n * 100;
  if (percent === 0 || percent === 100) return `${percent} %`;
  if (percent < 0.01) return "<0.01 %";
  if (percent > 99.95 && percent < 100) return ">99.9 %";
  return `${percent.toFixed(percent < 9.995 ? 2 : 1)} %`;
}

/** Units of time, each used from its size on: [size in seconds, name]. */
const units = /** @type {const} */ ([[60, "min"], [1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]]);

/** @param {number} seconds */
export function latency(seconds) {
  if (!Number.isFinite(seconds)) return nothing;
  if (seconds <= 0) return "0 s";
  const rounded = Number(seconds.toPrecision(3)); // first, so that 0.9999 s is not 1000 ms
  const [size, name] = units.find(([size]) => rounded >= size) ?? units[units.length - 1];
  const n = Number((rounded / size).toPrecision(3));
  return `${n >= 100 ? grouped.format(n) : n} ${name}`;
}

/** @param {number} seconds how long ago, or how long it takes */
export function age(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/**
 * A point in time: the clock, and the day as well if that is not today's.
 * @param {Date} at
 * @param {Date} now
 */
export function time(at, now) {
  if (Number.isNaN(at.getTime())) return nothing;
  return at.toDateString() === now.toDateString() ? clock.format(at) : day().format(at);
}

/** Characters that one cannot see, or that turn the text around them (bidi). */
const unseen = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * visible writes out what would be unseen, so that two label values that differ
 * look different, and none can pose as another.
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
 * safeLink returns an absolute URL that is safe to link to, or "": a runbook's
 * address comes from an annotation that anyone may have written.
 * @param {string | undefined} link
 * @param {string} base
 */
export function safeLink(link, base) {
  if (!link || !URL.canParse(link, base)) return "";
  const url = new URL(link, base);
  return url.protocol === "http:" || url.protocol === "https:" ? url.href : "";
}
