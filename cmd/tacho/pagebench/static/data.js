// The same numbers for both pages: 12 panels of 6 series of 3,600 points.
export const [panels, series, points, step] = [12, 6, 3600, 15];

let seed = 7;
const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;

/** Each column wanders around a level. */
export const columns = Array.from({ length: panels }, () => Array.from({ length: series }, (_, s) => {
  let v = 10 * (s + 1);
  return Array.from({ length: points }, () => (v = Math.max(0, v + random() - 0.5)));
}));

export const begin = 1_700_000_000;

/** later moves all columns on by a point, as a live page does. */
export function later() {
  for (const panel of columns) for (const column of panel) {
    column.shift();
    column.push(Math.max(0, (column.at(-1) ?? 0) + random() - 0.5));
  }
}
