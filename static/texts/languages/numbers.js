// Formats of numbers and lists in English.

export const locale = "en-GB";
export const numberFormat = new Intl.NumberFormat(locale);
export const listFormat = new Intl.ListFormat(locale);

/** Return a count with its noun: "1 seat", "2 seats". @param {number} n @param {string} one @param {string} many */
export function countOf(n, one, many) {
  return `${numberFormat.format(n)} ${n === 1 ? one : many}`;
}
