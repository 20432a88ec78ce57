// The operators' page: who is logged in chooses an event, watches it and acts on it.

import { audit } from "./admin/audit.js";
import { bookings } from "./admin/bookings.js";
import { broadcast } from "./admin/broadcast.js";
import { creation } from "./admin/create-event.js";
import { actions } from "./admin/event-actions.js";
import { eventList } from "./admin/event-list.js";
import { reconciliation } from "./admin/reconciliation.js";
import { rules } from "./admin/rules.js";
import { filling } from "./admin/section-fill.js";
import { Session } from "./admin/session.js";
import { figures } from "./admin/stats.js";
import { visitors } from "./admin/visitors.js";
import { texts } from "./texts/en.js";
import { control, fill, part, write } from "./ui/dom.js";
import { attempt, clearNotices, showProblem } from "./ui/notices.js";

/**
 * @typedef {object} Event
 * @property {string} id
 * @property {string} name
 * @property {string} state
 * @property {string | null} reason
 * @property {string | null} opens_at
 * @property {{id: string, starts_at: string}[]} shows
 * @property {Record<string, any>} rules
 *
 * @typedef {object} Desk what the parts of the page share
 * @property {Session} session
 * @property {Event | null} event the one that is chosen
 * @property {(event: Event) => void} took an event has changed, or is new
 * @property {(id: string) => Promise<void>} choose
 * @property {() => Promise<void>} reload ask for the chosen event again
 * @property {() => void} noted something was written: the journal has grown
 *
 * @typedef {{show: (event: Event) => void, hide?: () => void}} Panel
 */

/** @type {Desk} */
const desk = { session: new Session(loggedOut), event: null, took, choose, reload, noted };

fill();
const journal = audit(desk);
const list = eventList(desk);
const create = creation(desk);
/** @type {Panel[]} */
const panels = [
  actions(desk),
  figures(desk),
  filling(),
  bookings(desk),
  reconciliation(desk),
  rules(desk),
  broadcast(desk),
  visitors(desk),
];

begin();

function begin() {
  part("login").addEventListener("submit", logIn);
  addEventListener("hashchange", () => void choose(chosenId()));
  void attempt(async () => {
    if (await desk.session.resume()) await loggedIn();
    else loggedOut();
  });
}

/** @param {SubmitEvent | globalThis.Event} submitted */
async function logIn(submitted) {
  submitted.preventDefault();
  await attempt(async () => {
    await desk.session.logIn(control("username").value, control("password").value);
    control("password").value = "";
    await loggedIn();
  });
}

async function loggedIn() {
  const who = desk.session.who;
  write(part("who"), who ? texts.admin.who(who.username, who.role) : "");
  for (const element of document.querySelectorAll("fieldset[data-writes]")) {
    /** @type {HTMLFieldSetElement} */ (element).disabled = who?.role === "viewer";
  }
  part("login").hidden = true;
  part("desk").hidden = false;
  const events = await list.load();
  noted();
  await choose(chosenId() || (events[0]?.id ?? ""));
}

/** Nobody is logged in, or not any more. */
function loggedOut() {
  for (const panel of panels) panel.hide?.();
  write(part("who"), "");
  part("desk").hidden = true;
  part("login").hidden = false;
  control("username").focus();
}

/** Show an event. @param {string} id */
async function choose(id) {
  if (!id || id === desk.event?.id) return;
  clearNotices();
  create.hide();
  await attempt(async () => {
    took((await desk.session.read(pathOf(id))).event);
    history.replaceState(null, "", `#${id}`);
  });
}

async function reload() {
  if (!desk.event) return;
  try {
    took((await desk.session.read(pathOf(desk.event.id))).event);
  } catch (problem) {
    showProblem(problem);
  }
}

/** @param {Event} event */
function took(event) {
  desk.event = event;
  part("none").hidden = true;
  part("event").hidden = false;
  list.took(event);
  for (const panel of panels) panel.show(event);
}

function noted() {
  void journal.load();
}

function chosenId() {
  return decodeURIComponent(location.hash.slice(1));
}

/** @param {string} id */
function pathOf(id) {
  return `/events/${encodeURIComponent(id)}`;
}
