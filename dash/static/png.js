// A chart as a PNG image: title, legend and time above the plot.

import { color } from "./colors.js";
import { download } from "./download.js";
import { colorOf, nameOf, written } from "./lines.js";
import { shorten, time, visible } from "./format.js";

const [margin, line] = [16, 20];

/**
 * saveChart downloads a chart as a PNG image.
 * @param {HTMLCanvasElement} drawn
 * @param {import("./lines.js").Shown} shown
 */
export function saveChart(drawn, shown) {
  const scale = devicePixelRatio || 1;
  const canvas = document.createElement("canvas");
  const head = margin + line * (2 + shown.names.length);
  canvas.width = drawn.width + 2 * margin * scale;
  canvas.height = drawn.height + (head + margin) * scale;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = color("--surface");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(drawn, margin * scale, head * scale);
  context.scale(scale, scale);
  drawHead(context, shown);
  canvas.toBlob((blob) => { if (blob) download(blob, "tacho.png"); }, "image/png");
}

/**
 * drawHead writes the query, the time range, and each line's name and last value.
 * @param {CanvasRenderingContext2D} context
 * @param {import("./lines.js").Shown} shown
 */
function drawHead(context, shown) {
  const now = new Date();
  const moment = (/** @type {number} */ at) => time(new Date(at * 1000), now);
  context.font = "600 14px system-ui, sans-serif";
  context.fillStyle = color("--text");
  context.fillText(shorten(visible(shown.expr.replace(/\s+/g, " ")), 160), margin, margin + 4);
  context.font = "12px system-ui, sans-serif";
  context.fillStyle = color("--text-3");
  context.fillText(`${moment(shown.times[0])} – ${moment(shown.times[shown.times.length - 1])}`, margin, margin + line);
  shown.names.forEach((_, i) => {
    const y = margin + line * (i + 2);
    context.fillStyle = color(colorOf(shown.names[i], i));
    context.fillRect(margin, y - 9, 10, 10);
    context.fillStyle = color("--text");
    context.fillText(`${nameOf(shown, i)}  ${written(shown.unit, shown.values[i].findLast((v) => v !== null))}`, margin + 16, y);
  });
}
