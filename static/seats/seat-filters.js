// The filters of a map: up to which price, and how many seats together.

import { formatPrice } from "../lib/money.js";
import { texts as all } from "../texts/texts.js";
import { byId, control, createElement, renderIfChanged } from "../ui/dom.js";

/**
 * @typedef {import("./seat-inventory.js").Section} Section
 * @typedef {import("./seat-inventory.js").SeatInventory} SeatInventory
 * @typedef {import("./seat-inventory.js").Price} Price
 */

/** Colours that the style sheet has for prices; of more prices neighbours share one. */
export const PRICE_COLOURS = 6;

/** @typedef {{quantity: number, sections?: string[], price_max?: {amount: number}}} Wish */

/** Wish of the visitor, until a map has taken it. @type {Wish | null} */
let wish = null;

/** Have the next map show this first. @param {Wish | null} wanted */
export function setWish(wanted) {
  wish = wanted;
}

/** Return what is to be shown first, once, with its price chosen; null where there is no such wish. */
export function takeWish() {
  const taken = wish;
  wish = null;
  if (taken) control("price-most").value = String(taken.price_max?.amount ?? "");
  return taken;
}

/** Redraw when another price is chosen. @param {() => void} redraw */
export function bindFilters(redraw) {
  byId("price-most").addEventListener("change", redraw);
}

/** Draw the choice of a price, where there is a map and more than one. @param {Section[]} sections of one show */
export function drawFilters(sections) {
  const prices = pricesOf(sections);
  byId("price-filter").hidden = prices.length < 2 || sections.every(({ kind }) => kind !== "seated");
  renderIfChanged(byId("price-most"), prices, () => [
    createElement("option", { value: "" }, all.seats.filters.any),
    ...prices
      .slice(1)
      .map((price) =>
        createElement("option", { value: String(price.amount) }, all.seats.filters.upTo(formatPrice(price))),
      ),
  ]);
}

/** Return whether a section is within the filters. @param {Section} section @param {SeatInventory} inventory @param {number} quantity */
export function isWanted(section, inventory, quantity) {
  const most = Number(control("price-most").value) || Infinity;
  return section.price.amount <= most && (inventory.free(section.id) ?? quantity) >= quantity;
}

/** Return the prices of sections, each once, the dearest first. @param {Section[]} sections */
export function pricesOf(sections) {
  const byAmount = new Map(sections.map(({ price }) => [price.amount, price]));
  return [...byAmount.values()].sort((a, b) => b.amount - a.amount);
}

/** Return the number of each amount's colour among the prices of sections, from 1 for the dearest. @param {Section[]} sections */
export function priceNumbers(sections) {
  const prices = pricesOf(sections);
  const each = Math.max(1, prices.length / PRICE_COLOURS);
  return new Map(prices.map(({ amount }, at) => [amount, Math.floor(at / each) + 1]));
}

/** Return the prices of each colour, by its number; none where there is but one price. @param {Section[]} sections @returns {{number: number, prices: Price[]}[]} */
export function pricesByNumber(sections) {
  const prices = pricesOf(sections);
  const numbers = priceNumbers(sections);
  const used = prices.length > 1 ? [...new Set(numbers.values())] : [];
  return used.map((number) => ({ number, prices: prices.filter(({ amount }) => numbers.get(amount) === number) }));
}
