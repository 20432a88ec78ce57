// What is chosen and what it costs, with the button that holds it.

import { price } from "../lib/money.js";
import { texts } from "../texts/en.js";
import { listed } from "../texts/numbers.js";
import { make, part, renew, write, writeIf } from "../ui/dom.js";
import { placeOf, sectionOf } from "./seat-inventory.js";

/**
 * @typedef {import("./seat-inventory.js").House} House
 * @typedef {import("./selection.js").Choice} Choice
 */

const words = texts.seats.choice;

/**
 * Show the choice.
 * @param {Choice} choice
 * @param {House} house
 * @param {{most: number, busy: boolean, problem: string, onDrop: (seat: string) => void}} now
 */
export function drawChoice(choice, house, { most, busy, problem, onDrop }) {
  const { seats, lost, full } = choice;
  const chips = () => seats.map((seat) => chip(seat, house, onDrop));
  renew(part("chosen"), seats, chips);
  write(
    part("choice-sum"),
    seats.length ? words.sum(seats.length, totalOf(seats, house)) : words.none,
  );
  writeIf(part("lost"), lost.length ? lostText(lost, seats.length) : "");
  writeIf(part("full"), full ? words.full(most) : "");
  writeIf(part("choice-problem"), problem);
  write(part("hold"), busy ? words.holding : words.hold(seats.length));
  part("hold").setAttribute("aria-disabled", String(busy || seats.length === 0));
}

/** What is said of seats that somebody else has got. @param {string[]} lost @param {number} left */
export function lostText(lost, left) {
  return words.lost(lost.map(shortName), left);
}

/** A seat's row and number. @param {string} seat */
export function shortName(seat) {
  const { row, number } = placeOf(seat);
  return texts.seats.short(row, number);
}

/** @param {string} seat @param {House} house @param {(seat: string) => void} onDrop */
function chip(seat, house, onDrop) {
  const section = house.section(sectionOf(seat));
  const name = shortName(seat);
  const drop = make(
    "button",
    { type: "button", "data-drop": seat, "aria-label": words.drop(name) },
    make("span", {}, `${section?.name ?? ""} `, make("strong", {}, name)),
    make("span", { class: "price" }, section ? price(section.price) : ""),
    make("span", { class: "cross", "aria-hidden": "true" }, "×"),
  );
  drop.addEventListener("click", () => onDrop(seat));
  return make("li", {}, drop);
}

/** What seats cost; a sum for each currency. @param {string[]} seats @param {House} house */
function totalOf(seats, house) {
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const seat of seats) {
    const found = house.section(sectionOf(seat))?.price;
    if (found) sums.set(found.currency, (sums.get(found.currency) ?? 0) + found.amount);
  }
  return listed.format([...sums].map(([currency, amount]) => price({ amount, currency })));
}
