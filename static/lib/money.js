// Money between the wire's minor units and what people read and type.

import { texts } from "../texts/en.js";

/** A price as people read it. @param {{amount: number, currency: string}} price */
export function price({ amount, currency }) {
  const format = formatOf(currency);
  return format.format(amount / 10 ** digitsOf(format));
}

/** The minor units of what somebody typed. @param {string} typed @param {string} currency */
export function minorUnits(typed, currency) {
  return Math.round(Number(typed) * 10 ** digitsOf(formatOf(currency)));
}

/**
 * The cheapest of some prices; null when there are none.
 * @param {{amount: number, currency: string}[]} prices
 */
export function cheapest(prices) {
  if (prices.length === 0) return null;
  return prices.reduce((least, other) => (other.amount < least.amount ? other : least));
}

/** @param {string} currency */
function formatOf(currency) {
  return new Intl.NumberFormat(texts.locale, { style: "currency", currency });
}

/** @param {Intl.NumberFormat} format */
function digitsOf(format) {
  return format.resolvedOptions().maximumFractionDigits ?? 2;
}
