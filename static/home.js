// The home page: one card for each event on sale, with a link to its page.

import { request } from "./lib/api.js";
import { dateAndTime, shortDateAndTime } from "./lib/dates.js";
import { cheapest, formatPrice } from "./lib/money.js";
import { en } from "./texts/en.js";
import { readInlined } from "./ui/inlined.js";
import { byId, createElement, fillTexts, setTextOrHide } from "./ui/dom.js";

/**
 * @typedef {object} Event
 * @property {string} id
 * @property {string} name
 * @property {string} state
 * @property {string | null} opens_at
 * @property {{starts_at: string}[]} shows
 * @property {{price: {amount: number, currency: string}}[]} sections
 */

const texts = en.home;

begin();

function begin() {
  fillTexts();
  document.title = `${texts.title} · ${en.common.brand}`;
  byId("again").addEventListener("click", show);
  addEventListener("pageshow", (page) => page.persisted && show());
  const inlined = readInlined();
  if (inlined) showEvents(inlined.events);
  else void show();
}

/** Load the events and show them, or the problem. */
async function show() {
  try {
    const { events } = await request("GET", "/api/v1/events?limit=1000");
    showEvents(events);
  } catch (problem) {
    setTextOrHide(byId("hint"), /** @type {Error} */ (problem).message);
    byId("again").hidden = false;
  }
}

/** @param {Event[]} events */
function showEvents(events) {
  byId("events").replaceChildren(...events.map(card));
  setTextOrHide(byId("hint"), events.length ? "" : texts.none);
  byId("again").hidden = true;
}

/** @param {Event} event */
function card(event) {
  const state = /** @type {Record<string, string>} */ (en.states)[event.state] ?? event.state;
  return createElement(
    "li",
    {},
    createElement(
      "article",
      { class: "panel card" },
      createElement(
        "h2",
        {},
        createElement("a", { href: `/events/${encodeURIComponent(event.id)}` }, event.name),
      ),
      createElement("p", {}, datesOf(event)),
      createElement(
        "p",
        {},
        createElement("span", { class: "chip", "data-state": event.state }, state),
        " ",
        opensOf(event),
      ),
      createElement(
        "p",
        { class: "foot" },
        createElement("span", {}, priceOf(event)),
        createElement("span", { class: "go", "aria-hidden": "true" }, texts.enter, " →"),
      ),
    ),
  );
}

/** @param {Event} event */
function datesOf({ shows }) {
  const first = shows.map((show) => show.starts_at).sort()[0];
  if (!first) return "";
  return shows.length > 1
    ? `${dateAndTime(first)} ${texts.more(shows.length - 1)}`
    : dateAndTime(first);
}

/** @param {Event} event */
function opensOf({ state, opens_at: opensAt }) {
  return state === "scheduled" && opensAt ? texts.opens(shortDateAndTime(opensAt)) : "";
}

/** @param {Event} event */
function priceOf({ sections }) {
  const least = cheapest(sections.map((section) => section.price));
  if (!least) return "";
  return least.amount === 0 ? texts.free : `${texts.from} ${formatPrice(least)}`;
}
