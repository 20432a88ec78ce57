// The chosen event's heading, and its actions by state: from open over pause and stop to archive.

import { showDateAndTime } from "../lib/dates.js";
import { dateAndTime, timeOrDate } from "../lib/venue-clock.js";
import { texts as all } from "../texts/texts.js";
import { askConfirmation } from "../ui/confirm-dialog.js";
import { byId, control, setText, setTextOrHide } from "../ui/dom.js";
import { attempt } from "../ui/notices.js";

/**
 * @typedef {import("./session.js").AdminContext} AdminContext
 * @typedef {import("./session.js").Event} Event
 */

/** Actions that are shown only where they are allowed. */
const IN_HEAD = new Set(["open", "pause", "resume", "stop", "continue", "archive"]);
const ON_SALE = ["scheduled", "drawing", "open", "paused", "draining"];

/**
 * For each action the states that allow it, and whether the operator must confirm it; `stopped`:
 * whether the sale must be stopped, or must not be.
 * @type {Record<string, {from: string[], confirm: boolean, stopped?: boolean}>}
 */
const ACTIONS = {
  open: { from: ["scheduled"], confirm: false },
  pause: { from: ["open"], confirm: false },
  resume: { from: ["paused"], confirm: false },
  drain: { from: ["open", "paused"], confirm: true },
  close: { from: ON_SALE, confirm: true },
  stop: { from: ON_SALE, confirm: false, stopped: false },
  continue: { from: ON_SALE, confirm: false, stopped: true },
  archive: { from: ["closed"], confirm: true },
};

/** @type {Partial<Record<string, {question: (event: string) => string, lead: (waiting: number, active: number) => string}>>} */
const ASKED = {
  drain: all.admin.actions.askDrain,
  close: all.admin.actions.askClose,
  archive: all.admin.actions.askArchive,
};

/** @typedef {"open" | "pause" | "resume" | "stop" | "continue" | "drain" | "close" | "archive"} Action */

const texts = all.admin.actions;

/** Bind the buttons. @param {AdminContext} context */
export function eventActions(context) {
  for (const button of buttons()) button.addEventListener("click", () => void act(context, button));
  return { show };
}

/** @param {Event} event */
function show(event) {
  setText(byId("event-name"), event.name);
  setText(byId("event-id"), event.id);
  setText(byId("event-dates"), datesOf(event));
  const state = event.stopped ? "stopped" : event.state;
  setText(byId("event-state"), stateText(event));
  byId("event-state").dataset.state = state;
  const since = event.stopped?.since ?? event.archived_at ?? event.state_since;
  setText(byId("state-since"), since ? all.admin.head.since(timeOrDate(since)) : "");
  byId("state-since").setAttribute("datetime", since ?? "");
  byId("event-page").setAttribute("href", `/events/${encodeURIComponent(event.id)}`);
  const reason = event.stopped?.reason ?? event.reason;
  setTextOrHide(byId("event-reason"), reason ? texts.shownReason(reason) : "");
  for (const button of buttons()) {
    const allowed = isAllowed(actionOf(button), event);
    button.disabled = !allowed;
    button.hidden = !allowed && IN_HEAD.has(actionOf(button));
  }
}

/** Return the state of an event in words. @param {Event} event */
export function stateText({ stopped, archived_at: archivedAt, state }) {
  if (archivedAt) return all.admin.events.archived;
  return /** @type {Record<string, string>} */ (all.states)[stopped ? "stopped" : state] ?? state;
}

/** @param {Action} action @param {Event} event */
function isAllowed(action, event) {
  const { from, stopped = null } = ACTIONS[action];
  return !event.archived_at && from.includes(event.state) && (stopped === null || stopped === Boolean(event.stopped));
}

/** @param {AdminContext} context @param {HTMLButtonElement} button */
async function act(context, button) {
  const [event, action] = [context.event, actionOf(button)];
  if (!event || (ACTIONS[action].confirm && !(await isConfirmed(action, event, context.stats))))
    return;
  const reason = reasonInView();
  const path = `/events/${encodeURIComponent(event.id)}/${action}`;
  button.disabled = true;
  await attempt(async () => {
    const answer = await context.session.write("POST", path, { body: reason ? { reason } : {} });
    control("reason").value = "";
    if (context.event?.id === event.id) context.eventChanged(answer.event);
    context.journalChanged();
  }, texts.done[action](event.name));
  if (context.event) show(context.event);
}

/** Return the typed reason, when its field is in view: one left on another page is not meant. */
function reasonInView() {
  const field = control("reason");
  return field.closest("[hidden]") ? "" : field.value.trim();
}

/** @param {Action} action @param {Event} event @param {Record<string, any> | null} stats */
function isConfirmed(action, event, stats) {
  const ask = ASKED[action] ?? texts.askClose;
  return askConfirmation(byId("confirm"), {
    question: ask.question(event.name),
    lead: ask.lead(stats?.waiting ?? 0, stats?.active ?? 0),
    yes: texts[action],
  });
}

/** @param {Event} event */
function datesOf({ shows, opens_at: opensAt }) {
  const dates = shows.map(showDateAndTime);
  return ["", ...dates, ...(opensAt ? [texts.opens(dateAndTime(opensAt))] : [])].join(" · ");
}

function buttons() {
  return /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll("[data-action]")]);
}

/** @param {HTMLElement} button */
function actionOf(button) {
  return /** @type {Action} */ (button.dataset.action);
}
