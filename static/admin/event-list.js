// The list of all events, with their states; one of them is chosen.

import { texts } from "../texts/en.js";
import { make, part } from "../ui/dom.js";

/**
 * @typedef {import("../admin.js").Desk} Desk
 * @typedef {import("../admin.js").Event} Event
 */

/** @param {Desk} desk */
export function eventList(desk) {
  /** @type {Event[]} */
  let events = [];

  const draw = () => part("event-list").replaceChildren(...events.map((event) => row(event, desk)));

  return {
    /** Ask for every event. */
    async load() {
      events = (await desk.session.read("/events?limit=1000")).events;
      draw();
      return events;
    },

    /** One of them has changed, or is new. @param {Event} event */
    took(event) {
      const known = events.some((other) => other.id === event.id);
      events = known
        ? events.map((other) => (other.id === event.id ? event : other))
        : [event, ...events];
      draw();
    },
  };
}

/** @param {Event} event @param {Desk} desk */
function row(event, desk) {
  const state = /** @type {Record<string, string>} */ (texts.states)[event.state] ?? event.state;
  const button = make(
    "button",
    { type: "button", "data-event": event.id, "aria-current": String(desk.event?.id === event.id) },
    make("span", {}, event.name, make("small", {}, event.id)),
    make("span", { class: "chip", "data-state": event.state }, state),
  );
  button.addEventListener("click", () => void desk.choose(event.id));
  return make("li", {}, button);
}
