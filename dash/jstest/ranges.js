// Answers as api.js gives them.

/** range is an answer from 0 on, ten seconds a point. */
export const range = (/** @type {Record<string, [Record<string, string>, (number | null)[]]>} */ ...series) => ({
  start: 0, step: 10, count: series[0]?.[1].length ?? 3, series: series.map(([metric, values]) => ({ metric, values })),
});

/** vector are samples of one moment. */
export const vector = (...samples) => samples.map(([metric, value]) => ({ metric, value: [100, String(value)] }));
