// The path of a sparkline. Pure.

/**
 * sparkPath is an SVG path through the values, with gaps where there are none.
 * @param {(number | null)[]} values
 * @param {number} most the value at the top
 * @param {number} width
 * @param {number} height
 */
export function sparkPath(values, most, width, height) {
  const x = (/** @type {number} */ i) => ((i / Math.max(1, values.length - 1)) * width).toFixed(1);
  const y = (/** @type {number} */ v) => (height - 1 - (Math.max(0, v) / most) * (height - 2)).toFixed(1);
  let path = "";
  let drawing = false;
  values.forEach((v, i) => {
    if (v !== null) path += `${drawing ? "L" : "M"}${x(i)} ${y(v)}`;
    drawing = v !== null;
  });
  return path;
}

/**
 * areaPath is the area below the values; where there are none it has a gap.
 * @param {(number | null)[]} values
 * @param {number} most the value at the top
 * @param {number} width
 * @param {number} height
 */
export function areaPath(values, most, width, height) {
  // Each piece goes down to the ground at its own ends.
  return sparkPath(values, most, width, height).split(/(?=M)/).filter(Boolean).map((piece) => {
    const xs = [...piece.matchAll(/[ML](\S+) /g)].map(([, x]) => x);
    return `${piece}L${xs.at(-1)} ${height}L${xs[0]} ${height}Z`;
  }).join("");
}
