// How numbers read in the language of the texts.

export const locale = "en-GB";
export const figure = new Intl.NumberFormat(locale);
export const listed = new Intl.ListFormat(locale);

/** "1 seat", "2 seats". @param {number} n @param {string} one @param {string} many */
export function counted(n, one, many) {
  return `${figure.format(n)} ${n === 1 ? one : many}`;
}
