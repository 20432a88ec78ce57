// The palette of a map: the colours of the style sheet as a canvas takes them, and one for each price.

const NAMES = [
  "paper", "card", "ink", "soft", "rule", "accent", "on-accent",
  "free-fill", "held", "held-fill", "sold", "mine", "lost", "bad",
]; // prettier-ignore
const PRICE_COLOURS = 6;

/**
 * @typedef {Record<string, string> & {prices: string[]}} Palette
 */

/** Return the palette as the page is coloured now. @param {HTMLElement} element any element of the page @returns {Palette} */
export function paletteOf(element) {
  const probe = document.createElement("i");
  element.append(probe);
  const colour = (/** @type {string} */ name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = Object.fromEntries(NAMES.map((name) => [name, colour(name)]));
  const prices = Array.from({ length: PRICE_COLOURS }, (_, at) => colour(`price-${at + 1}`));
  probe.remove();
  return /** @type {any} */ ({ ...colours, prices });
}

/**
 * Return the number of a price among those of an event, from 0, the dearest first.
 * @param {import("../seats/seat-inventory.js").Section[]} sections
 */
export function priceNumbers(sections) {
  const amounts = [...new Set(sections.map(({ price }) => price.amount))].sort((a, b) => b - a);
  return new Map(amounts.map((amount, at) => [amount, at % PRICE_COLOURS]));
}

/** Call back when colours may have changed: dark or light, forced or not. @param {() => void} onChange */
export function onColoursChanged(onChange) {
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"])
    matchMedia(query).addEventListener("change", onChange);
}
