// What an operator may do with the room, according to its state: open, pause, resume, drain, close.

import { dateAndTime } from "../lib/dates.js";
import { texts } from "../texts/en.js";
import { confirmed } from "../ui/confirm-dialog.js";
import { control, part, write, writeIf } from "../ui/dom.js";
import { attempt } from "../ui/notices.js";

/**
 * @typedef {import("../admin.js").Desk} Desk
 * @typedef {import("../admin.js").Event} Event
 */

/** From which states each is possible; `asks` wants to be confirmed. */
const ACTIONS = {
  open: { from: ["scheduled"], asks: false },
  pause: { from: ["open"], asks: false },
  resume: { from: ["paused"], asks: false },
  drain: { from: ["open", "paused"], asks: true },
  close: { from: ["scheduled", "drawing", "open", "paused", "draining"], asks: true },
};

/** @typedef {keyof typeof ACTIONS} Action */

const words = texts.admin.actions;

/** @param {Desk} desk */
export function actions(desk) {
  for (const button of buttons()) button.addEventListener("click", () => void act(desk, button));
  return { show };
}

/** @param {Event} event */
function show(event) {
  write(part("event-name"), event.name);
  write(part("event-id"), event.id);
  write(part("event-dates"), datesOf(event));
  write(
    part("event-state"),
    /** @type {Record<string, string>} */ (texts.states)[event.state] ?? event.state,
  );
  part("event-state").dataset.state = event.state;
  part("event-page").setAttribute("href", `/events/${encodeURIComponent(event.id)}`);
  writeIf(part("event-reason"), event.reason ? words.told(event.reason) : "");
  for (const button of buttons())
    button.disabled = !ACTIONS[actionOf(button)].from.includes(event.state);
}

/** @param {Desk} desk @param {HTMLButtonElement} button */
async function act(desk, button) {
  const [event, action] = [desk.event, actionOf(button)];
  if (!event || (ACTIONS[action].asks && !(await isMeant(action, event)))) return;
  const reason = control("reason").value.trim();
  const path = `/events/${encodeURIComponent(event.id)}/${action}`;
  button.disabled = true;
  await attempt(
    async () => {
      const answer = await desk.session.write("POST", path, { body: reason ? { reason } : {} });
      control("reason").value = "";
      if (desk.event?.id === event.id) desk.took(answer.event);
      desk.noted();
    },
    words.done(event.name, words[action]),
  );
  if (desk.event) show(desk.event);
}

/** @param {Action} action @param {Event} event */
function isMeant(action, event) {
  const asked = action === "drain" ? words.askDrain : words.askClose;
  return confirmed(part("confirm"), {
    question: asked.question(event.name),
    lead: asked.lead,
    yes: words[action],
  });
}

/** @param {Event} event */
function datesOf({ shows, opens_at: opensAt }) {
  const dates = shows.map((show) => dateAndTime(show.starts_at));
  return ["", ...dates, ...(opensAt ? [words.opens(dateAndTime(opensAt))] : [])].join(" · ");
}

function buttons() {
  return /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll("[data-action]")]);
}

/** @param {HTMLElement} button */
function actionOf(button) {
  return /** @type {Action} */ (button.dataset.action);
}
