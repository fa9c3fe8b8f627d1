// The theme's colors, for what is drawn and not styled.

/**
 * An element that wears a color so that the browser says which one it is in this theme.
 * @type {HTMLElement | null}
 */
let probe = null;

/**
 * color is a custom property of the theme as a canvas takes it.
 * @param {string} name such as --line-1
 */
export function color(name) {
  if (!probe) {
    probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

/**
 * faint is the same color, a third as strong.
 * @param {string} name
 */
export const faint = (name) => color(name).replace(/^rgb\((.*)\)$/, (_, rgb) => `rgba(${rgb}, 0.33)`);
