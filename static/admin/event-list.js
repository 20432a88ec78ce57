// The list of all events and their states; one of them is chosen.

import { byId, control, createElement } from "../ui/dom.js";
import { stateText } from "./event-actions.js";

/**
 * @typedef {import("./session.js").AdminContext} AdminContext
 * @typedef {import("./session.js").Event} Event
 */

/** Bind the list. @param {AdminContext} context */
export function eventList(context) {
  /** @type {Event[]} */
  let events = [];

  const draw = () => {
    const isShown = (/** @type {Event} */ { id, state }) =>
      state !== "closed" || id === context.event?.id || control("show-closed").checked;
    byId("event-list").replaceChildren(
      ...events.filter(isShown).map((event) => row(event, context)),
    );
    /** @type {HTMLButtonElement} */ for (const id of ["edit-event", "clone-event", "export-event"])
      byId(id).disabled = !context.event;
    byId("event-choice").replaceChildren(
      ...events.map(({ id, name }) => createElement("option", { value: id }, name)),
    );
    control("event-choice").value = context.event?.id ?? "";
  };

  byId("event-choice").addEventListener("change", () => {
    void context.choose(control("event-choice").value);
  });

  control("show-closed").addEventListener("change", draw);

  return {
    all: () => events,

    /** Load all events. Return them. */
    async load() {
      events = (await context.session.read("/events?limit=1000")).events;
      draw();
      return events;
    },

    /** Show an event that has changed, or is new. @param {Event} event */
    update(event) {
      const known = events.some((other) => other.id === event.id);
      events = known
        ? events.map((other) => (other.id === event.id ? event : other))
        : [event, ...events];
      draw();
    },
  };
}

/** @param {Event} event @param {AdminContext} context */
function row(event, context) {
  const state = stateText(event);
  const button = createElement(
    "button",
    {
      type: "button",
      "data-event": event.id,
      "aria-current": String(context.event?.id === event.id),
    },
    createElement("span", {}, event.name, createElement("small", {}, event.id)),
    createElement("span", { class: "chip", "data-state": event.state }, state),
  );
  button.addEventListener("click", () => context.open({ page: "night", event: event.id }));
  return createElement("li", {}, button);
}
