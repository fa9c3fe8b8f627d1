// The page's elements: never created from HTML text, and kept across refreshes, so that
// focus, selection and scroll position stay.

/**
 * isVisible reports that an element is on the screen, or would be if one scrolled.
 * @param {any} element
 */
export const isVisible = (element) => element.checkVisibility();

/** @param {string} id */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * make returns a new element.
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * svg returns a new SVG element.
 * @param {string} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {...(Node | string)} children
 */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/**
 * put sets an element's text if it has changed: screen readers announce every write.
 * @param {Element} element
 * @param {string} text
 */
export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string} value "" takes the attribute away
 */
export function attribute(element, name, value) {
  if (!value) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * The views in each parent, by key.
 * @type {WeakMap<Element, Map<string, {element: HTMLElement, update: Function}>>}
 */
const lists = new WeakMap();

/** copies lets a button copy the text of an element. */
export const copies = (/** @type {Element} */ button, /** @type {Element} */ from) =>
  button.addEventListener("click", () => void navigator.clipboard?.writeText(from.textContent ?? "").catch(() => {}));

/**
 * list shows items as the children of parent. The view of a key is created once and then
 * updated.
 * @template {{key: string}} T
 * @param {Element} parent
 * @param {T[]} items
 * @param {(item: T) => {element: HTMLElement, update: (item: T) => void}} newView
 */
export function list(parent, items, newView) {
  const old = lists.get(parent) ?? new Map();
  const now = new Map(items.map((item) => [item.key, old.get(item.key) ?? newView(item)]));
  lists.set(parent, now);
  for (const [key, view] of old) if (!now.has(key)) view.element.remove();
  items.forEach((item, i) => {
    const { element, update } = now.get(item.key);
    update(item);
    // Moved only if needed: moving loses focus.
    if (parent.children[i] !== element) parent.insertBefore(element, parent.children[i] ?? null);
  });
}
