// The operators' page: log in, choose an event and a page of the console, watch and act.

import { auditPanel } from "./admin/audit.js";
import { eventActions } from "./admin/event-actions.js";
import { eventFiles } from "./admin/event-files.js";
import { eventForm } from "./admin/event-form.js";
import { eventList } from "./admin/event-list.js";
import { hashOf, pageNavigation, routeOf } from "./admin/pages.js";
import { Session } from "./admin/session.js";
import { houseMap } from "./house/house-map.js";
import { reconciliationPanel } from "./house/reconciliation.js";
import { sectionFillPanel } from "./house/section-fill.js";
import { messageComposer } from "./messages/composer.js";
import { sentMessages } from "./messages/sent-messages.js";
import { alertList } from "./operations/alerts.js";
import { bookingsPanel } from "./operations/bookings.js";
import { figuresPanel } from "./operations/figures.js";
import { forecastPanel } from "./operations/forecast.js";
import { liveStats } from "./operations/live-stats.js";
import { nightPanels } from "./operations/night.js";
import { visitorHistory } from "./history/visitor-history.js";
import { visitorList } from "./operations/visitor-list.js";
import { bansPanel } from "./operations/bans.js";
import { visitorPanel } from "./operations/visitors.js";
import { accountList } from "./people/accounts.js";
import { loginForm } from "./people/login.js";
import { showPeople } from "./people/people.js";
import { ownSecondFactor } from "./people/second-factor.js";
import { sessionList } from "./people/sessions.js";
import { bindShortcuts } from "./people/shortcuts.js";
import { headRate } from "./rules/head-rate.js";
import { lanesPanel } from "./rules/lanes.js";
import { rulesPanel } from "./rules/rules.js";
import { followVenue } from "./lib/venue-clock.js";
import { texts as all } from "./texts/texts.js";
import { byId, control, fillTexts, setText } from "./ui/dom.js";
import { attempt, clearNotices, showProblem } from "./ui/notices.js";
import { followPinned } from "./ui/pinned.js";

/**
 * @typedef {import("./admin/session.js").AdminContext} AdminContext
 * @typedef {import("./admin/session.js").Event} Event
 * @typedef {import("./admin/session.js").Panel} Panel
 * @typedef {import("./admin/pages.js").Route} Route
 * @typedef {import("./admin/pages.js").PageName} PageName
 */

/** @type {AdminContext} */
const context = {
  session: new Session(loggedOut),
  event: null,
  stats: null,
  eventChanged: showEvent,
  choose: (event) => open({ page: route.page, event }),
  open,
  reload,
  journalChanged: loadJournal,
};

/** @type {Route} the page that is shown, and its event */
let route = routeOf(location.hash);

fillTexts();
followPinned(["head"]);
const navigation = pageNavigation();
const list = eventList(context);
const journal = auditPanel(context, list.all);
const create = eventForm(context);
eventFiles(context, list.all);
const alerts = alertList(context);
const rules = rulesPanel(context);
const sent = sentMessages(context);
const composer = messageComposer(context, sent.load);
const lanes = lanesPanel(context);
const forecast = forecastPanel(context);
const sessions = sessionList(context);
const accounts = accountList(context);
const secondFactor = ownSecondFactor(context);
const login = loginForm(context.session, loggedIn);
/** @type {Panel[]} shown on every page */
const always = [
  eventActions(context),
  liveStats(context, [headRate(context), figuresPanel(), forecast, alerts, rules, lanes, composer]),
];
/** The panels of each page, shown while their page is. @type {Partial<Record<PageName, Panel[]>>} */
const PANELS = {
  night: [nightPanels(context, forecast)],
  bookings: [bookingsPanel(context)],
  visitors: [
    visitorList(context),
    visitorPanel(context),
    visitorHistory(context),
    bansPanel(context),
  ],
  house: [sectionFillPanel(houseMap(context)), reconciliationPanel(context)],
  rules: [rules, lanes],
  messages: [composer, sent],
};

begin();

function begin() {
  byId("log-out").addEventListener("click", () => void logOut());
  addEventListener("hashchange", () => void follow());
  bindShortcuts(() => toPage("bookings"));
  void attempt(async () => {
    if (await context.session.resume()) await loggedIn();
    else loggedOut();
  });
}

async function logOut() {
  await attempt(async () => {
    await context.session.logOut();
    loggedOut();
  });
}

async function loggedIn() {
  const operator = context.session.operator;
  if (!operator) return;
  setText(byId("who"), all.admin.operator(operator.username, operator.role));
  showPeople(operator);
  document.body.dataset.role = operator.role;
  for (const element of document.querySelectorAll("fieldset[data-writes]")) {
    /** @type {HTMLFieldSetElement} */ (element).disabled = operator.role === "viewer";
  }
  login.hide();
  for (const id of ["pages", "log-out"]) byId(id).hidden = false;
  const events = await list.load();
  void alerts.poll();
  route = routeOf(location.hash);
  const event = route.event || (events[0]?.id ?? "");
  history.replaceState(null, "", hashOf({ ...route, event }));
  await follow();
  loadJournal();
}

/** Show the login form: there is no session, or not any more. */
function loggedOut() {
  hideAll();
  context.event = null;
  setText(byId("who"), "");
  setText(byId("page-title"), all.admin.title);
  for (const id of ["pages", "log-out", "none", "head-event", "alerts"]) byId(id).hidden = true;
  /** @type {HTMLElement} */ for (const page of document.querySelectorAll(".page"))
    page.hidden = true;
  login.show();
}

/** Show a page by its address. @param {Route} wanted */
function open(wanted) {
  const hash = hashOf(wanted);
  if (hash !== location.hash) location.hash = hash;
  else void follow();
}

/** Show a page of the chosen event at once. @param {PageName} page */
async function toPage(page) {
  history.pushState(null, "", hashOf({ page, event: route.event }));
  await follow();
}

/** Show the page of the address, and load its event when it is another. */
async function follow() {
  if (!context.session.operator) return;
  const wanted = routeOf(location.hash);
  const moved = wanted.page !== route.page;
  route = { ...wanted, event: wanted.event || (context.event?.id ?? "") };
  clearNotices();
  if (route.page !== "events") create.hide();
  if (route.event && route.event !== context.event?.id) await load(route.event);
  navigation.show({ page: route.page, event: context.event?.id ?? "" });
  showPanels();
  if (route.page === "people") for (const people of [sessions, accounts, secondFactor]) void people.load();
  if (!moved) return;
  scrollTo(0, 0);
  byId("page-title").focus({ preventScroll: true });
}

/** @param {string} id */
async function load(id) {
  await attempt(async () => {
    showEvent((await context.session.read(pathOf(id))).event);
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
  followVenue(event);
  byId("head-event").hidden = false;
  list.update(event);
  showPanels();
}

/** Show the panels of every page and of the one in view; stop the others. */
function showPanels() {
  const { event } = context;
  const shown = [...always, ...(PANELS[route.page] ?? [])];
  for (const panel of Object.values(PANELS).flat()) if (!shown.includes(panel)) panel.hide?.();
  if (event) for (const panel of shown) panel.show(event, route.about ?? "");
}

function hideAll() {
  for (const panel of [...always, ...Object.values(PANELS).flat()]) panel.hide?.();
}

function loadJournal() {
  void journal.load();
}

/** @param {string} id */
function pathOf(id) {
  return `/events/${encodeURIComponent(id)}`;
}
