// The theme's colours, for what is drawn and not styled.

/**
 * An element that wears a colour so that the browser says which one it is in this theme.
 * @type {HTMLElement | null}
 */
let probe = null;

/**
 * colour is a custom property of the theme as a canvas takes it.
 * @param {string} name such as --line-1
 */
export function colour(name) {
  if (!probe) {
    probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

/**
 * faint is the same colour, a third as strong.
 * @param {string} name
 */
export const faint = (name) => colour(name).replace(/^rgb\((.*)\)$/, (_, rgb) => `rgba(${rgb}, 0.33)`);
