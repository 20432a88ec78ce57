// The selection panel: chosen seats, their total, and the button that holds them.

import { shortShowDateAndTime, showDateAndTime } from "../lib/dates.js";
import { formatPrice } from "../lib/money.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement, renderIfChanged, setText, setTextOrHide } from "../ui/dom.js";
import { rowAndNumberOf, sectionOf } from "./seat-inventory.js";

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
 *   onDrop: (seat: string) => void}} view `single`: free seats that the selection leaves alone
 */
export function drawSelection(selection, inventory, { shows, single, ticketsMax, holding, problem, onDrop }) {
  const { seats, lost, limitReached } = selection;
  const showOf = (/** @type {string} */ seat) =>
    shows.find(({ id }) => id === inventory.section(sectionOf(seat))?.show);
  const dates = [...new Set(seats.map(showOf))].filter((show) => show !== undefined);
  const isMixed = dates.length > 1;
  const dateOf = (/** @type {string} */ seat) => {
    const show = isMixed && showOf(seat);
    return show ? shortShowDateAndTime(show) : "";
  };
  const chips = () => seats.map((seat) => chip(seat, dateOf(seat), inventory, onDrop));
  renderIfChanged(byId("chosen"), [seats, isMixed], chips);
  const date = shows.length > 1 && dates.length === 1 ? showDateAndTime(dates[0]) : "";
  setTextOrHide(byId("choice-show"), isMixed ? texts.dates(dates.length) : date);
  setTextOrHide(byId("single"), single.length ? texts.single(single.map(shortName)) : "");
  setText(
    byId("choice-sum"),
    seats.length ? texts.sum(seats.length, totalOf(seats, inventory)) : texts.none,
  );
  setTextOrHide(byId("lost"), lost.length ? lostSeatsText(lost, seats.length) : "");
  setTextOrHide(byId("full"), limitReached ? texts.limitReached(ticketsMax) : "");
  setTextOrHide(byId("choice-problem"), problem);
  setText(byId("hold"), holding ? texts.holding : texts.hold(seats.length));
  byId("hold").setAttribute("aria-disabled", String(holding || seats.length === 0));
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
 * @param {string} seat @param {string} date @param {SeatInventory} inventory
 * @param {(seat: string) => void} onDrop
 */
function chip(seat, date, inventory, onDrop) {
  const section = inventory.section(sectionOf(seat));
  const name = shortName(seat);
  const drop = createElement(
    "button",
    { type: "button", "data-drop": seat },
    createElement("span", {}, `${section?.name ?? ""} `, createElement("strong", {}, name)),
    ...(date ? [createElement("span", {}, date)] : []),
    createElement("span", { class: "price" }, section ? formatPrice(section.price) : ""),
    createElement("span", { class: "unseen" }, texts.drop),
    createElement("span", { class: "cross", "aria-hidden": "true" }, "×"),
  );
  drop.addEventListener("click", () => onDrop(seat));
  return createElement("li", {}, drop);
}

/** Return the total as text, one sum a currency. @param {string[]} seats @param {SeatInventory} inventory */
function totalOf(seats, inventory) {
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const seat of seats) {
    const found = inventory.section(sectionOf(seat))?.price;
    if (found) sums.set(found.currency, (sums.get(found.currency) ?? 0) + found.amount);
  }
  return all.list(
    [...sums].map(([currency, amount]) => formatPrice({ amount, currency })),
  );
}
