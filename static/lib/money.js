// Money: converts between the wire's minor units and the amounts that people read and type.

import { texts as all } from "../texts/texts.js";

/** @typedef {{amount: number, currency: string}} Price */

/** @type {Map<string, {format: Intl.NumberFormat, unit: number}>} by currency; `unit`: minor ones in a major one */
const formats = new Map();

/** Return the lowest and the highest of some prices as text, of each currency. @param {Price[]} prices */
export function priceRange(prices) {
  /** @type {Map<string, number[]>} */
  const amounts = new Map();
  for (const { amount, currency } of prices) amounts.set(currency, [...(amounts.get(currency) ?? []), amount]);
  return [...amounts]
    .map(([currency, given]) =>
      [...new Set([Math.min(...given), Math.max(...given)])]
        .map((amount) => formatPrice({ amount, currency }))
        .join(" – "),
    )
    .join(", ");
}

/** Return a price as text. @param {{amount: number, currency: string}} price */
export function formatPrice({ amount, currency }) {
  if (amount === 0) return all.free;
  const { format, unit } = formatOf(currency);
  return format.format(amount / unit);
}

/** Return a typed amount in minor units. @param {string} typed @param {string} currency */
export function minorUnits(typed, currency) {
  return Math.round(Number(typed) * formatOf(currency).unit);
}

/** Return the format of a currency; one is made but once, for a map has a price on every section. @param {string} currency */
function formatOf(currency) {
  let found = formats.get(currency);
  if (!found) {
    const format = new Intl.NumberFormat(all.locale, { style: "currency", currency });
    found = { format, unit: 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2) };
    formats.set(currency, found);
  }
  return found;
}
