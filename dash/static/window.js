// The visible rows of a long table. Pure.

/**
 * windowOf is the range of rows to render. It is never empty, even if the table is not
 * visible.
 * @param {{top: number, view: number, row: number, rows: number, margin: number}} of pixels of the
 *   table that are above the window, the window's height, a row's height; how many rows; rows beyond what can be seen
 */
export function windowOf({ top, view, row, rows, margin }) {
  const first = Math.floor(top / row) - margin;
  const from = Math.min(Math.max(0, first), Math.max(0, rows - 1));
  const last = Math.ceil((top + view) / row) + margin;
  return { from, to: Math.min(rows, Math.max(from + margin, last)) };
}
