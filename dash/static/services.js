// The first screen: all services, or the selected one.

import { make } from "./dom.js";
import { overview } from "./overview.js";
import { placeOf } from "./rows.js";
import { serviceView } from "./service.js";

/**
 * selectedService is the service of a view, or null for all of them. A single service is
 * selected by default.
 * @param {import("./model.js").Service[]} services
 * @param {import("./view.js").View} view
 */
export function selectedService(services, { open }) {
  if (open) return services.find((s) => placeOf(s) === open) ?? null;
  return services.length === 1 ? services[0] : null;
}

/** @param {import("./now.js").ChangeView} changeView */
export function servicesScreen(changeView) {
  const all = overview(changeView);
  const element = make("div", { id: "services" }, all.element);
  /**
   * A view for each service that was selected.
   * @type {Map<string, ReturnType<typeof serviceView>>}
   */
  const seen = new Map();
  return {
    element,
    update(/** @type {import("./now.js").Now} */ now) {
      const service = selectedService(now.services, now.view);
      all.element.hidden = service !== null;
      for (const [key, view] of seen) view.element.hidden = key !== service?.key;
      if (!service) return all.update(now);
      let view = seen.get(service.key);
      if (!view) {
        view = serviceView(changeView);
        seen.set(service.key, view);
        element.append(view.element);
      }
      view.update(now, service);
    },
  };
}
