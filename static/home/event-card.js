// The card of one event on the home page, and the visitor's own line in it.

import { openingDateAndTime, showDateAndTime, withValues } from "../lib/dates.js";
import { priceRange } from "../lib/money.js";
import { openingText } from "../lib/opening.js";
import { nextText, saleNote, shownState, stateText } from "../lib/sale-state.js";
import { countdown } from "../lib/server-clock.js";
import { isUndrawn, undrawnOf } from "../lottery/order.js";
import { texts as all } from "../texts/texts.js";
import { applyAccent } from "../theme/theme.js";
import { createElement, setText, setTextOrHide } from "../ui/dom.js";
import { isOver, showsOf } from "./event-order.js";

/**
 * @typedef {import("./event-order.js").Event} Event
 * @typedef {import("./own-events.js").Own} Own
 */

const JOINABLE = new Set(["scheduled", "drawing", "open", "paused", "recovering"]);
const texts = all.home;

/** Create the card of an event; `drawTimes` fills it. @param {Event} event */
export function createCard(event) {
  const link = createElement("a", { href: `/events/${encodeURIComponent(event.id)}` }, event.name);
  const card = createElement(
    "li",
    {},
    createElement(
      "article",
      { class: "panel card", "data-testid": `card-${event.id}` },
      createElement("h2", {}, link),
      createElement("p", {}, datesOf(event)),
      ...(event.venue ? [createElement("p", { class: "soft" }, venueOf(event.venue))] : []),
      createElement("p", { class: "facts" }, ...factsOf(event)),
      ...[saleNote(event, event.stock ?? "")].filter(Boolean).map((note) => createElement("p", { class: "soft" }, note)),
      createElement("p", { class: "opens", "data-testid": "opens" }),
      createElement("p", { class: "own", "data-testid": "own" }),
      createElement(
        "p",
        { class: "foot" },
        createElement("span", {}, priceRange(event.sections.map((section) => section.price))),
        createElement("span", { class: "go", "aria-hidden": "true" }),
      ),
    ),
  );
  applyAccent(card, event.theme);
  return card;
}

/** Draw the parts of a card that change with the clock. @param {Element} card @param {Event} event @param {Own | undefined} own @param {number} now in milliseconds */
export function drawTimes(card, event, own, now) {
  const over = isOver(event, now);
  const part = (/** @type {string} */ name) =>
    /** @type {HTMLElement} */ (card.querySelector(`.${name}`));
  const said = ownTexts(event, own, now);
  part("card").toggleAttribute("data-over", over);
  setTextOrHide(part("opens"), opensOf(event, now));
  setTextOrHide(part("own"), said.join("\n"));
  const enter = over || !JOINABLE.has(event.state) ? texts.look : texts.enter;
  setText(part("go"), `${said.length ? texts.goOn : enter} →`);
}

/** Return what an event is to this visitor, as sentences. @param {Event} event @param {Own | undefined} own @param {number} now */
function ownTexts(event, own, now) {
  if (!own) return [];
  const left = (/** @type {string | null | undefined} */ instant) =>
    countdown(Math.max(0, Math.ceil((Date.parse(instant ?? "") - now) / 1000) || 0));
  const { hold, place, tickets } = own;
  return [
    hold ? (hold.until ? texts.hold(what(hold), left(hold.until)) : texts.paying(what(hold))) : "",
    place ? placeText(event, place, left(own.turnUntil)) : "",
    tickets ? texts.tickets(tickets) : "",
  ].filter(Boolean);
}

/** @param {Event} event @param {NonNullable<Own["place"]>} place @param {string} left */
function placeText(event, place, left) {
  if (place.state === "admitted") return texts.turn(left);
  if (place.state === "late") return texts.late;
  if (isUndrawn(place)) return all.event.undrawn[undrawnOf(event, place)].title;
  if (place.state === "lobby") return texts.lobby;
  return place.ahead ? texts.ahead(place.ahead) : nextText(event, event.stock ?? "");
}

/** @param {NonNullable<Own["hold"]>} hold */
function what({ quantity, seated }) {
  return seated ? all.seats.seats(quantity) : all.seats.places(quantity);
}

/** @param {Event} event */
function factsOf(event) {
  const { state, stock = "" } = event;
  const shown = shownState(event, stock);
  const word = /** @type {Record<string, string>} */ (all.stock.words)[stock];
  return [
    createElement("span", { class: "chip", "data-state": shown }, stateText(shown)),
    ...(word && shown !== stock && state !== "closed"
      ? [createElement("strong", { "data-stock": stock }, word)]
      : []),
  ];
}

/** @param {Event} event @param {number} now */
function opensOf({ state, fairness, opens_at: opensAt, shows }, now) {
  if (state !== "scheduled" || !opensAt) return "";
  const seconds = Math.ceil((Date.parse(opensAt) - now) / 1000);
  const when = openingDateAndTime(opensAt, shows);
  const opens = `${withValues(texts.opens, { when })}, ${openingText(seconds)}`;
  return fairness === "lottery" ? `${opens}. ${texts.drawn}` : opens;
}

/** @param {Event} event */
function datesOf(event) {
  const shows = showsOf(event);
  if (!shows.length) return "";
  const first = showDateAndTime(shows[0]);
  return shows.length > 1 ? `${first} ${texts.more(shows.length - 1)}` : first;
}

/** @param {{name: string, address?: string}} venue */
function venueOf({ name, address }) {
  return [name, address].filter(Boolean).join(", ");
}
