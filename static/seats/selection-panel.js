// The selection panel: chosen seats, their total, and the button that holds them.

import { shortShowDateAndTime, showDateAndTime } from "../lib/dates.js";
import { formatPrice } from "../lib/money.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement, renderIfChanged, setText, setTextOrHide } from "../ui/dom.js";
import { rowAndNumberOf, sectionOf } from "./seat-inventory.js";
import { countOf } from "./selection.js";

/**
 * @typedef {import("./seat-inventory.js").SeatInventory} SeatInventory
 * @typedef {import("./selection.js").Selection} Selection
 * @typedef {import("../lib/dates.js").Show} Show
 */

const texts = all.seats.selection;

/**
 * Draw the selection.
 * @param {Selection} selection
 * @param {SeatInventory} inventory
 * @param {{shows: Show[], single: string[], ticketsMax: number, holding: boolean, problem: string,
 *   onDrop: (seat: string) => void, onDropStanding: () => void}} view `single`: free seats that the
 *   selection leaves alone
 */
export function drawSelection(selection, inventory, view) {
  const { shows, single, ticketsMax, holding, problem, onDrop, onDropStanding } = view;
  const { seats, standing, lost, limitReached } = selection;
  const showOf = (/** @type {string} */ section) => shows.find(({ id }) => id === inventory.section(section)?.show);
  const sections = [...seats.map(sectionOf), ...(standing ? [standing.section] : [])];
  const dates = [...new Set(sections.map(showOf))].filter((show) => show !== undefined);
  const isMixed = dates.length > 1;
  const dateOf = (/** @type {string} */ section) => {
    const show = isMixed && showOf(section);
    return show ? shortShowDateAndTime(show) : "";
  };
  const ofSeat = (/** @type {string} */ seat) => {
    const parts = { id: seat, section: sectionOf(seat), what: shortName(seat), count: 1 };
    return chip(parts, dateOf(parts.section), inventory, () => onDrop(seat));
  };
  const ofStanding = (/** @type {import("./selection.js").Standing} */ { section, quantity }) => {
    const parts = { id: section, section, what: all.seats.standing(quantity), count: quantity };
    return chip(parts, dateOf(section), inventory, onDropStanding);
  };
  renderIfChanged(byId("chosen"), [seats, standing, isMixed], () => [
    ...seats.map(ofSeat),
    ...(standing ? [ofStanding(standing)] : []),
  ]);
  const date = shows.length > 1 && dates.length === 1 ? showDateAndTime(dates[0]) : "";
  setTextOrHide(byId("choice-show"), isMixed ? texts.dates(dates.length) : date);
  setTextOrHide(byId("single"), single.length ? texts.single(single.map(shortName)) : "");
  setText(
    byId("choice-sum"),
    sections.length ? texts.sum(seats.length, standing?.quantity ?? 0, totalOf(selection, inventory)) : texts.none,
  );
  setTextOrHide(byId("lost"), lost.length ? lostSeatsText(lost, seats.length) : "");
  setTextOrHide(byId("full"), limitReached ? texts.limitReached(ticketsMax) : "");
  setTextOrHide(byId("choice-problem"), problem);
  setText(byId("hold"), holding ? texts.holding : texts.hold(seats.length, standing?.quantity ?? 0));
  byId("hold").setAttribute("aria-disabled", String(holding || countOf(selection) === 0));
}

/** Return the text about lost seats. @param {string[]} lost @param {number} left still chosen */
export function lostSeatsText(lost, left) {
  return texts.lost(lost.map(shortName), left);
}

/** Return a seat's row and number as text. @param {string} seat */
export function shortName(seat) {
  const { row, number } = rowAndNumberOf(seat);
  return all.seats.short(row, number);
}

/** Return the kind of a seat as text; of a standard one "". @param {string} kind */
export function kindText(kind) {
  return /** @type {Record<string, string>} */ (all.seats.map.kinds)[kind] ?? "";
}

/**
 * Return what a seat of the map is: row, number, state, price and kind.
 * @param {SeatInventory | undefined} inventory
 * @param {{id: string, row: string, number: number, kind: string}} seat
 * @param {keyof typeof all.seats.map.states} shown
 */
export function seatLabel(inventory, { id, row, number, kind }, shown) {
  const section = inventory?.section(sectionOf(id));
  const price = section ? formatPrice(section.price) : "";
  const { seat, states } = all.seats.map;
  return [seat(row, number, states[shown]), price, kindText(kind)].filter(Boolean).join(", ");
}

/**
 * Return what is chosen as a button that drops it.
 * @param {{id: string, section: string, what: string, count: number}} chosen a seat, or `count` places
 * @param {string} date @param {SeatInventory} inventory @param {() => void} onDrop
 */
function chip({ id, section: ofId, what, count }, date, inventory, onDrop) {
  const section = inventory.section(ofId);
  const price = section ? formatPrice({ ...section.price, amount: section.price.amount * count }) : "";
  const drop = createElement(
    "button",
    { type: "button", "data-drop": id },
    createElement("span", {}, `${section?.name ?? ""} `, createElement("strong", {}, what)),
    ...(date ? [createElement("span", {}, date)] : []),
    createElement("span", { class: "price" }, price),
    createElement("span", { class: "unseen" }, texts.drop),
    createElement("span", { class: "cross", "aria-hidden": "true" }, "×"),
  );
  drop.addEventListener("click", onDrop);
  return createElement("li", {}, drop);
}

/** Return the total as text, one sum a currency. @param {Selection} selection @param {SeatInventory} inventory */
function totalOf({ seats, standing }, inventory) {
  /** @type {Map<string, number>} */
  const sums = new Map();
  const places = seats.map((seat) => ({ section: sectionOf(seat), quantity: 1 }));
  for (const { section, quantity } of [...places, ...(standing ? [standing] : [])]) {
    const found = inventory.section(section)?.price;
    if (found) sums.set(found.currency, (sums.get(found.currency) ?? 0) + found.amount * quantity);
  }
  return all.list(
    [...sums].map(([currency, amount]) => formatPrice({ amount, currency })),
  );
}
