// The home page: a card for each event, by date, with what the visitor has in it.

import { createCard, drawTimes } from "./home/event-card.js";
import { inOrder, matching } from "./home/event-order.js";
import { bindLostTickets, showLostTickets } from "./home/lost-tickets.js";
import { isNeeded, loadEnded, loadOwn } from "./home/own-events.js";
import { request } from "./lib/api.js";
import { texts as all } from "./texts/texts.js";
import { showLanguagePicker } from "./ui/language-picker.js";
import { readInlined } from "./ui/inlined.js";
import { byId, control, fillTexts, renderIfChanged, setTextOrHide } from "./ui/dom.js";

/**
 * @typedef {import("./home/event-order.js").Event} Event
 * @typedef {import("./home/own-events.js").Own} Own
 */

const TICK_MS = 1000;
const OWN_EVERY_MS = 10_000;
const EVENTS_EVERY_MS = 30_000;
const SEARCH_FROM = 9; // events

const texts = all.home;

/** @type {Event[]} */
let events = [];
/** Those of the visitor that are not on sale any more. @type {Event[]} */
let ended = [];
/** @type {Map<string, Own>} */
let own = new Map();

/** Ids of ended events that were asked for. @type {Set<string>} */
const asked = new Set();

/** @type {Map<string, {body: string, element: Element}>} */
const cards = new Map();

begin();

function begin() {
  fillTexts();
  showLanguagePicker();
  document.title = `${texts.title} · ${all.common.brand}`;
  byId("again").addEventListener("click", loadEvents);
  control("search").addEventListener("input", draw);
  bindLostTickets();
  addEventListener("pageshow", (page) => page.persisted && void refresh());
  document.addEventListener("visibilitychange", () => void refresh());
  setInterval(draw, TICK_MS);
  setInterval(() => isVisible() && void refreshOwn(), OWN_EVERY_MS);
  setInterval(() => isVisible() && void loadEvents(), EVENTS_EVERY_MS);
  const inlined = readInlined();
  if (inlined) showEvents(inlined.events);
  else void loadEvents();
}

function isVisible() {
  return document.visibilityState === "visible";
}

/** Load everything again when the page is looked at again. */
async function refresh() {
  if (isVisible()) await loadEvents();
}

/** Load the events and show them, or the problem. */
async function loadEvents() {
  try {
    showEvents((await request("GET", "/api/v1/events?limit=1000")).events);
  } catch (problem) {
    if (events.length) return; // those of before are better than none
    setTextOrHide(byId("hint"), /** @type {Error} */ (problem).message);
    byId("again").hidden = false;
  }
}

/** @param {Event[]} found */
function showEvents(found) {
  events = found;
  byId("again").hidden = true;
  byId("search-field").hidden = events.length < SEARCH_FROM;
  showLostTickets(events);
  draw();
  void refreshOwn();
}

async function refreshOwn() {
  const ids = new Set(events.map((event) => event.id));
  own = await loadOwn([...ids]);
  const missing = [...own.keys()].filter((id) => !ids.has(id));
  if (missing.some((id) => !asked.has(id))) {
    const found = await loadEnded(missing);
    ended = found.filter(isNeeded);
    for (const { id } of found) asked.add(id); // one that was not answered is asked for again
  }
  draw();
}

/** Draw the cards; one is made anew only when its event has changed. */
function draw() {
  const now = Date.now();
  const ids = new Set(events.map((event) => event.id));
  const known = [...events, ...ended.filter((event) => !ids.has(event.id))];
  const found = matching(inOrder(known, now, own), control("search").value);
  setTextOrHide(byId("hint"), found.length ? "" : known.length ? texts.notFound : texts.none);
  const elements = found.map(cardOf);
  renderIfChanged(byId("events"), found, () => elements);
  found.forEach((event, at) => drawTimes(elements[at], event, own.get(event.id), now));
}

/** @param {Event} event */
function cardOf(event) {
  const body = JSON.stringify(event);
  const known = cards.get(event.id);
  if (known?.body === body) return known.element;
  const element = createCard(event);
  cards.set(event.id, { body, element });
  return element;
}
