// Money: converts between the wire's minor units and the amounts that people read and type.

import { texts as all } from "../texts/texts.js";

/** @typedef {{amount: number, currency: string}} Price */

/** Return the lowest and the highest of some prices as text. @param {Price[]} prices */
export function priceRange(prices) {
  const sorted = [...prices].sort((one, other) => one.amount - other.amount);
  const [least, most] = [sorted[0], sorted[sorted.length - 1]];
  if (!least) return "";
  return least.amount === most.amount ? formatPrice(least) : `${formatPrice(least)} – ${formatPrice(most)}`;
}

/** Return a price as text. @param {{amount: number, currency: string}} price */
export function formatPrice({ amount, currency }) {
  if (amount === 0) return all.free;
  const format = formatOf(currency);
  return format.format(amount / 10 ** digitsOf(format));
}

/** Return a typed amount in minor units. @param {string} typed @param {string} currency */
export function minorUnits(typed, currency) {
  return Math.round(Number(typed) * 10 ** digitsOf(formatOf(currency)));
}

/** @param {string} currency */
function formatOf(currency) {
  return new Intl.NumberFormat(all.locale, { style: "currency", currency });
}

/** @param {Intl.NumberFormat} format */
function digitsOf(format) {
  return format.resolvedOptions().maximumFractionDigits ?? 2;
}
