// The front page: every event that is on sale, as a card that leads to its line.

import { ask } from "./lib/api.js";
import { dateAndTime, shortDateAndTime } from "./lib/dates.js";
import { cheapest, price } from "./lib/money.js";
import { texts } from "./texts/en.js";
import { fill, make, part, writeIf } from "./ui/dom.js";

/**
 * @typedef {object} Event
 * @property {string} id
 * @property {string} name
 * @property {string} state
 * @property {string | null} opens_at
 * @property {{starts_at: string}[]} shows
 * @property {{price: {amount: number, currency: string}}[]} sections
 */

const words = texts.index;

begin();

function begin() {
  fill();
  document.title = `${words.title} · ${texts.common.brand}`;
  part("again").addEventListener("click", show);
  addEventListener("pageshow", (page) => page.persisted && show());
  void show();
}

/** Show what is on sale, or why it cannot be shown. */
async function show() {
  try {
    const { events } = await ask("GET", "/api/v1/events?limit=1000");
    part("events").replaceChildren(...events.map(card));
    writeIf(part("hint"), events.length ? "" : words.none);
    part("again").hidden = true;
  } catch (problem) {
    writeIf(part("hint"), /** @type {Error} */ (problem).message);
    part("again").hidden = false;
  }
}

/** @param {Event} event */
function card(event) {
  const said = /** @type {Record<string, string>} */ (texts.states)[event.state] ?? event.state;
  return make(
    "li",
    {},
    make(
      "article",
      { class: "panel card" },
      make("h2", {}, make("a", { href: `/events/${encodeURIComponent(event.id)}` }, event.name)),
      make("p", {}, datesOf(event)),
      make(
        "p",
        {},
        make("span", { class: "chip", "data-state": event.state }, said),
        " ",
        opensOf(event),
      ),
      make(
        "p",
        { class: "foot" },
        make("span", {}, priceOf(event)),
        make("span", { class: "go", "aria-hidden": "true" }, words.enter, " →"),
      ),
    ),
  );
}

/** @param {Event} event */
function datesOf({ shows }) {
  const first = shows.map((show) => show.starts_at).sort()[0];
  if (!first) return "";
  return shows.length > 1
    ? `${dateAndTime(first)} ${words.more(shows.length - 1)}`
    : dateAndTime(first);
}

/** @param {Event} event */
function opensOf({ state, opens_at: opensAt }) {
  return state === "scheduled" && opensAt ? words.opens(shortDateAndTime(opensAt)) : "";
}

/** @param {Event} event */
function priceOf({ sections }) {
  const least = cheapest(sections.map((section) => section.price));
  if (!least) return "";
  return least.amount === 0 ? words.free : `${words.from} ${price(least)}`;
}
