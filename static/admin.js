// The operators' page: log in, choose an event, watch its stats and act on it.

import { auditPanel } from "./admin/audit.js";
import { bookingsPanel } from "./admin/bookings.js";
import { broadcastForm } from "./admin/broadcast.js";
import { createEventForm } from "./admin/create-event.js";
import { eventActions } from "./admin/event-actions.js";
import { eventList } from "./admin/event-list.js";
import { reconciliationPanel } from "./admin/reconciliation.js";
import { rulesPanel } from "./admin/rules.js";
import { sectionFillPanel } from "./admin/section-fill.js";
import { Session } from "./admin/session.js";
import { statsPanel } from "./admin/stats.js";
import { visitorPanel } from "./admin/visitors.js";
import { en } from "./texts/en.js";
import { byId, control, fillTexts, setText } from "./ui/dom.js";
import { attempt, clearNotices, showProblem } from "./ui/notices.js";

/**
 * @typedef {import("./admin/session.js").AdminContext} AdminContext
 * @typedef {import("./admin/session.js").Event} Event
 * @typedef {import("./admin/session.js").Panel} Panel
 */

/** @type {AdminContext} */
const context = {
  session: new Session(loggedOut),
  event: null,
  eventChanged: showEvent,
  choose,
  reload,
  journalChanged: loadJournal,
};

fillTexts();
const journal = auditPanel(context);
const list = eventList(context);
const create = createEventForm(context);
/** @type {Panel[]} */
const panels = [
  eventActions(context),
  statsPanel(context),
  sectionFillPanel(),
  bookingsPanel(context),
  reconciliationPanel(context),
  rulesPanel(context),
  broadcastForm(context),
  visitorPanel(context),
];

begin();

function begin() {
  byId("login").addEventListener("submit", logIn);
  addEventListener("hashchange", () => void choose(chosenId()));
  void attempt(async () => {
    if (await context.session.resume()) await loggedIn();
    else loggedOut();
  });
}

/** @param {SubmitEvent | globalThis.Event} submitted */
async function logIn(submitted) {
  submitted.preventDefault();
  await attempt(async () => {
    await context.session.logIn(control("username").value, control("password").value);
    control("password").value = "";
    await loggedIn();
  });
}

async function loggedIn() {
  const operator = context.session.operator;
  setText(byId("who"), operator ? en.admin.operator(operator.username, operator.role) : "");
  for (const element of document.querySelectorAll("fieldset[data-writes]")) {
    /** @type {HTMLFieldSetElement} */ (element).disabled = operator?.role === "viewer";
  }
  byId("login").hidden = true;
  byId("desk").hidden = false;
  const events = await list.load();
  loadJournal();
  await choose(chosenId() || (events[0]?.id ?? ""));
}

/** Show the login form: there is no session, or not any more. */
function loggedOut() {
  for (const panel of panels) panel.hide?.();
  setText(byId("who"), "");
  byId("desk").hidden = true;
  byId("login").hidden = false;
  control("username").focus();
}

/** Load an event and show it. @param {string} id */
async function choose(id) {
  if (!id || id === context.event?.id) return;
  clearNotices();
  create.hide();
  await attempt(async () => {
    showEvent((await context.session.read(pathOf(id))).event);
    history.replaceState(null, "", `#${id}`);
  });
}

/** Load the chosen event again. */
async function reload() {
  if (!context.event) return;
  try {
    showEvent((await context.session.read(pathOf(context.event.id))).event);
  } catch (problem) {
    showProblem(problem);
  }
}

/** Show an event that is chosen, new or changed. @param {Event} event */
function showEvent(event) {
  context.event = event;
  byId("none").hidden = true;
  byId("event").hidden = false;
  list.update(event);
  for (const panel of panels) panel.show(event);
}

function loadJournal() {
  void journal.load();
}

function chosenId() {
  return decodeURIComponent(location.hash.slice(1));
}

/** @param {string} id */
function pathOf(id) {
  return `/events/${encodeURIComponent(id)}`;
}
