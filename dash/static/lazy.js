// Parts of a screen that are loaded when they are first shown.

import { make } from "./dom.js";

/**
 * lazy is a view that is made from the later modules on its first update. If that fails, the next update tries
 * again.
 * @param {(later: any) => {element: HTMLElement, update: Function}} from
 */
export function lazy(from) {
  const element = make("div", { class: "lazy" });
  /** @type {{element: HTMLElement, update: Function} | null} */
  let view = null;
  let loading = false;
  return {
    element,
    /** The view is there. */
    ready: () => view !== null,
    /**
     * @param {import("./now.js").Now} now
     * @param {...any} more
     */
    update(now, ...more) {
      if (view) return view.update(now, ...more);
      if (loading) return undefined;
      loading = true;
      import("./later.js").then((later) => {
        view = from(later);
        element.replaceChildren(view.element);
        now.more();
      }).catch(() => { loading = false; });
      return undefined;
    },
  };
}
