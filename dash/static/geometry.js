// Where a number is drawn. Pure.

/** The ends of the axis of latencies, in seconds. */
const [least, most] = [0.001, 2];

/** percentOf is a share from 0 to 1 as a length. */
export const percentOf = (/** @type {number} */ share) => `${Math.round(share * 1000) / 10}%`;

/**
 * placeOnAxis is where a latency is on the logarithmic axis from 1 ms to 2 s.
 * @param {number} seconds
 */
export const placeOnAxis = (seconds) => percentOf(Math.log(Math.min(most, Math.max(least, seconds)) / least) / Math.log(most / least));

/**
 * widthOf is the width of a bar. What is more than nothing can be seen.
 * @param {number} share from 0 to 1; NaN is none
 */
export const widthOf = (share) => percentOf(share > 0 ? Math.min(1, Math.max(0.03, share)) : 0);
