// The theme's colors, for canvases.

/**
 * An element that has a color, so that the browser computes it for the theme.
 * @type {HTMLElement | null}
 */
let probe = null;

/**
 * color is a custom property of the theme, as a canvas needs it.
 * @param {string} name such as --c1
 */
export function color(name) {
  if (!probe) {
    probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(${name})`;
  const found = getComputedStyle(probe).color;
  probe.removeAttribute("style");
  return found;
}

/**
 * faint is the same color at some opacity.
 * @param {string} name
 * @param {number} [opacity]
 */
export const faint = (name, opacity = 0.33) => color(name).replace(/^rgb\((.*)\)$/, (_, rgb) => `rgba(${rgb}, ${opacity})`);
