// Fees and taxes in a total, summed by name; the total itself is all there is to pay.

import { formatPrice } from "../lib/money.js";
import { texts as all } from "../texts/texts.js";

/**
 * @typedef {{name: string, amount: number}} Included in the price of one place, in minor units
 * @typedef {{id: string, includes?: Included[]}} PricedSection
 *
 * @typedef {object} Held
 * @property {{section: string}[]} seats
 * @property {{section: string, quantity: number}} [standing] places that have no seat
 * @property {import("../lib/money.js").Price} total
 */

/**
 * Return the fees and taxes in the total of held or booked places as one line, or "".
 * @param {Held} held @param {PricedSection[]} sections of the event
 */
export function includesText(held, sections) {
  const { currency } = held.total;
  const parts = [...sumsOf(held, sections)].map(
    ([name, amount]) => `${name} ${formatPrice({ amount, currency })}`,
  );
  return parts.length ? all.seats.hold.includes(parts) : "";
}

/** @param {Held} held @param {PricedSection[]} sections */
function sumsOf(held, sections) {
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const { id, includes = [] } of sections) {
    const places = placesIn(held, id);
    if (places === 0) continue;
    for (const { name, amount } of includes) sums.set(name, (sums.get(name) ?? 0) + amount * places);
  }
  return sums;
}

/** @param {Held} held @param {string} id of a section */
function placesIn({ seats, standing }, id) {
  const seated = seats.filter((seat) => seat.section === id).length;
  return seated + (standing?.section === id ? standing.quantity : 0);
}
