// Time ranges: the user's selection, and the step of queries. Pure.

/**
 * A Span is a time range: live, ending now, or fixed.
 * @typedef {{last: number} | {from: number, to: number}} Span in seconds, since the epoch for the second kind
 */

const hour = 3600;

/** The time ranges that have a button, in seconds. */
export const presets = [hour / 12, hour / 4, hour, 6 * hour, 24 * hour, 7 * 24 * hour, 30 * 24 * hour];

/** @type {Span} */
let first = { last: hour / 4 };

/**
 * firstSpan is the range of an address that names none.
 * @returns {Span}
 */
export const firstSpan = () => first;

/**
 * useFirstSpan sets that range, in seconds: shorter for a server that has little data yet.
 * @param {number} last
 */
export function useFirstSpan(last) {
  first = { last };
}

/**
 * fitting is the range that suits data of an age: a little more than there is, at least a minute and at most
 * that of a server that has run for long.
 * @param {number} seconds since the first sample
 * @param {number} most
 */
export const fitting = (seconds, most) => [60, 120, 300, 600, 900].find((s) => s >= seconds && s <= most) ?? most;

/** The shortest range: a shorter one would have fewer than two scrapes. */
export const shortest = 30;
export const longest = 10 * 366 * 24 * hour;

/**
 * parseSpan reads a range from an address: "3600", or "from-to"; the first one if it
 * is invalid.
 * @param {string} text
 * @returns {Span}
 */
export function parseSpan(text) {
  const [, a, b] = /^(\d{1,12})(?:-(\d{1,12}))?$/.exec(text) ?? [];
  if (b !== undefined) {
    const [from, to] = [Number(a), Number(b)];
    return to - from >= shortest && to - from <= longest ? { from, to } : first;
  }
  const last = Number(a);
  return last >= shortest && last <= longest ? { last } : first;
}

/**
 * formatSpan is the inverse of parseSpan.
 * @param {Span} span
 */
export function formatSpan(span) {
  return "last" in span ? String(span.last) : `${span.from}-${span.to}`;
}

/**
 * lengthOf is the length of a range in seconds.
 * @param {Span} span
 */
export const lengthOf = (span) => ("last" in span ? span.last : span.to - span.from);

/**
 * within is the range between two times, such as those of a drag. A range that is too
 * short is extended on both sides.
 * @param {number} a seconds since the epoch
 * @param {number} b
 * @returns {Span}
 */
export function within(a, b) {
  const [from, to] = [Math.floor(Math.min(a, b)), Math.ceil(Math.max(a, b))];
  const missing = Math.max(0, Math.ceil((shortest - (to - from)) / 2));
  return { from: from - missing, to: to + missing };
}

/**
 * bounds are the start and the end of a range.
 * @param {Span} span
 * @param {number} now seconds since the epoch
 */
export function bounds(span, now) {
  return "last" in span ? { from: now - span.last, to: now } : span;
}

/** Comparisons by their distance in seconds; that of the previous period is the range's length. */
const earlier = /** @type {Record<string, number>} */ ({ day: 24 * hour, week: 7 * 24 * hour });

/**
 * shiftOf is the distance to the compared range, in whole seconds.
 * @param {string} compare before, day or week
 * @param {{from: number, to: number}} edges
 */
export const shiftOf = (compare, { from, to }) => earlier[compare] ?? Math.round(to - from);

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, hour, 2 * hour, 6 * hour, 12 * hour, 24 * hour];

/**
 * stepOf is the step of a range query: at most about as many points as a chart has room
 * for, and no two points within one evaluation interval.
 * @param {number} seconds the span's length
 * @param {number} least the evaluation interval
 * @param {number} most points
 */
export function stepOf(seconds, least, most) {
  const wanted = Math.max(seconds / most, least);
  return steps.find((s) => s >= wanted) ?? Math.ceil(wanted / (24 * hour)) * 24 * hour;
}

/**
 * aligned are bounds rounded to multiples of the step: a live chart then queries the same
 * points again, and does not flicker.
 * @param {{from: number, to: number}} bounds
 * @param {number} step
 */
export function aligned({ from, to }, step) {
  return { from: Math.floor(from / step) * step, to: Math.floor(to / step) * step };
}

/** Points of a chart, at most: about one per two pixels of the widest. */
const maxPoints = 200;

/**
 * gridOf is the grid of a chart's points.
 * @param {Span} span
 * @param {number} now seconds since the epoch
 * @param {number} every evaluation interval in seconds
 */
export function gridOf(span, now, every) {
  const wide = bounds(span, now);
  const step = stepOf(wide.to - wide.from, every, maxPoints);
  return { edges: aligned(wide, step), step };
}

/**
 * columns are the times of a result, and the values of each series.
 * @param {import("./api.js").Range} answer
 * @returns {[number[], ...(number | null)[][]]}
 */
export function columns({ start, step, count, series }) {
  const times = Array.from({ length: count }, (_, i) => start + i * step);
  return [times, ...series.map((s) => s.values)];
}

/**
 * withEnd appends the current values to columns, so that a chart ends on the number shown
 * beside it. A line that begins now is added.
 * @param {{name: string, values: (number | null)[]}[]} lines
 * @param {number[]} times
 * @param {{name: string, value: number}[]} ends
 * @param {number} at
 * @returns {[number[], {name: string, values: (number | null)[]}[]]}
 */
export function withEnd(lines, times, ends, at) {
  if (!(at >= (times.at(-1) ?? 0)) || at === 0) return [times, lines];
  // A last point at the same time is a mean of the time before it: it is replaced.
  const kept = times.at(-1) === at ? times.length - 1 : times.length;
  const last = new Map(ends.map((e) => [e.name, Number.isNaN(e.value) ? null : e.value]));
  const missing = ends.filter((e) => last.get(e.name) !== null && !lines.some((l) => l.name === e.name));
  const all = [...lines, ...missing.map((e) => ({ name: e.name, values: times.map(() => null) }))];
  return [[...times.slice(0, kept), at], all.map((l) => ({ name: l.name, values: [...l.values.slice(0, kept), last.get(l.name) ?? null] }))];
}
