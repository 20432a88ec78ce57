// The theme of an event: its colour, where that can be read, and its own pictures from this site.

import { BLACK, WHITE, colourOf, hexOf, mix, readableOn } from "./contrast.js";

/**
 * @typedef {{accent: string, logo?: string, picture?: string}} Theme
 * @typedef {import("./contrast.js").Colour} Colour
 */

// The page's own backgrounds, as `styles/base.css` has them.
const LIGHT = { paper: colourOf("#f5f4ef"), card: WHITE, towards: BLACK };
const DARK = { paper: colourOf("#101514"), card: colourOf("#1a211f"), towards: WHITE };
const TINT = 0.1;
const DEEP = 0.25;

/**
 * Return the custom properties of an accent in a scheme: each text can be read on what it is on.
 * @param {string} accent `#rrggbb` @param {boolean} isDark
 * @returns {Record<string, string>}
 */
export function coloursOf(accent, isDark) {
  const { paper, card, towards } = isDark ? DARK : LIGHT;
  const tint = mix(card, colourOf(accent), TINT);
  const readable = readableOn(colourOf(accent), towards, [paper, card, tint]);
  return {
    "--accent": hexOf(readable),
    "--accent-deep": hexOf(mix(readable, towards, DEEP)),
    "--on-accent": hexOf(isDark ? BLACK : WHITE), // as far from it as the card, or farther
    "--tint": hexOf(tint),
  };
}

/**
 * Colour an element and what is in it by an event's accent, in the scheme that the browser has; not
 * where the visitor's own colours are forced.
 * @param {HTMLElement} element @param {Theme | undefined} theme
 */
export function applyAccent(element, theme) {
  if (!theme?.accent || matchMedia("(forced-colors: active)").matches) return;
  const dark = matchMedia("screen and (prefers-color-scheme: dark)");
  const apply = () => {
    for (const [name, value] of Object.entries(coloursOf(theme.accent, dark.matches)))
      element.style.setProperty(name, value);
  };
  dark.addEventListener("change", apply);
  apply();
}

/** Show a picture of this site; one from elsewhere stays away: the page asks nobody else. @param {HTMLElement} image @param {string | undefined} address */
export function showPicture(image, address) {
  if (!address?.startsWith("/") || image.getAttribute("src") === address) return;
  image.addEventListener("error", () => (image.hidden = true));
  image.setAttribute("src", address);
  image.hidden = false;
}
