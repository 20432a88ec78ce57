// The selection panel: chosen seats, their total, and the button that holds them.

import { formatPrice } from "../lib/money.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement, renderIfChanged, setText, setTextOrHide } from "../ui/dom.js";
import { rowAndNumberOf, sectionOf } from "./seat-inventory.js";

/**
 * @typedef {import("./seat-inventory.js").SeatInventory} SeatInventory
 * @typedef {import("./selection.js").Selection} Selection
 */

const texts = all.seats.selection;

/**
 * Draw the selection.
 * @param {Selection} selection
 * @param {SeatInventory} inventory
 * @param {{ticketsMax: number, holding: boolean, problem: string, onDrop: (seat: string) => void}} view
 */
export function drawSelection(selection, inventory, { ticketsMax, holding, problem, onDrop }) {
  const { seats, lost, limitReached } = selection;
  const chips = () => seats.map((seat) => chip(seat, inventory, onDrop));
  renderIfChanged(byId("chosen"), seats, chips);
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
  return /** @type {Record<string, string>} */ (en.seats.map.kinds)[kind] ?? "";
}

/** @param {string} seat @param {SeatInventory} inventory @param {(seat: string) => void} onDrop */
function chip(seat, inventory, onDrop) {
  const section = inventory.section(sectionOf(seat));
  const name = shortName(seat);
  const drop = createElement(
    "button",
    { type: "button", "data-drop": seat },
    createElement("span", {}, `${section?.name ?? ""} `, createElement("strong", {}, name)),
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
