// The preference of who waits: how many seats, where and up to which price; the server keeps it.

import { formatPrice } from "../lib/money.js";
import { texts as all } from "../texts/texts.js";
import { byId, control, createElement, renderIfChanged } from "../ui/dom.js";

/**
 * @typedef {import("../lib/money.js").Price} Price
 * @typedef {{quantity: number, sections?: string[], price_max?: Price}} Preference
 * @typedef {{id: string, name: string, price: Price}} Section
 * @typedef {{sections: Section[], most: number}} Choice `most`: tickets that one visitor may have
 */

const SECTIONS_MAX = 30; // more are chosen on the map alone
const texts = all.event.prefer;

/** Report what is chosen. @param {() => Choice} choice @param {(preference: Preference) => void} onChange */
export function bindPreference(choice, onChange) {
  byId("prefer").addEventListener("change", () => onChange(chosen(choice())));
}

/** Draw the choices, and what is known of the visitor's. @param {Preference | null} preferred @param {Choice} choice */
export function drawPreference(preferred, { sections, most }) {
  byId("prefer").hidden = sections.length === 0;
  if (sections.length === 0) return;
  const prices = pricesOf(sections);
  const named = sections.length <= SECTIONS_MAX ? sections : [];
  byId("prefer-price-line").hidden = prices.length < 2;
  byId("prefer-section-line").hidden = named.length < 2;
  fill("prefer-quantity", Array.from({ length: most }, (_, at) => [String(at + 1), all.number(at + 1)]));
  fill("prefer-section", [["", texts.anywhere], ...named.map(({ id, name }) => both(id, name))]);
  fill("prefer-price", [
    ["", all.seats.filters.any],
    ...prices.slice(1).map((price) => both(String(price.amount), all.seats.filters.upTo(formatPrice(price)))),
  ]);
  if (preferred && !byId("prefer").contains(document.activeElement)) show(preferred);
}

/** @param {Preference} preferred */
function show({ quantity, sections, price_max: most }) {
  control("prefer-quantity").value = String(quantity);
  control("prefer-section").value = sections?.[0] ?? "";
  control("prefer-price").value = most ? String(most.amount) : "";
}

/** @param {Choice} choice @returns {Preference} */
function chosen({ sections }) {
  const section = control("prefer-section").value;
  const most = pricesOf(sections).find(({ amount }) => String(amount) === control("prefer-price").value);
  return {
    quantity: Number(control("prefer-quantity").value),
    ...(section ? { sections: [section] } : {}),
    ...(most ? { price_max: most } : {}),
  };
}

/** Return the prices, each once, the dearest first. @param {Section[]} sections */
function pricesOf(sections) {
  const byAmount = new Map(sections.map(({ price }) => [price.amount, price]));
  return [...byAmount.values()].sort((a, b) => b.amount - a.amount);
}

/** @param {string} value @param {string} text @returns {[string, string]} */
function both(value, text) {
  return [value, text];
}

/** Fill the options of a list. @param {string} id @param {string[][]} options */
function fill(id, options) {
  renderIfChanged(byId(id), options, () =>
    options.map(([value, text]) => createElement("option", { value }, text)),
  );
}
