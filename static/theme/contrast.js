// Contrast of colours as WCAG 2.2 has it, and a colour that keeps it on a background. Pure.

/** @typedef {[number, number, number]} Colour red, green and blue from 0 to 255 */

/** The least contrast of text (WCAG 2.2, 1.4.3). */
export const CONTRAST_MIN = 4.5;

/** @type {Colour} */
export const BLACK = [0, 0, 0];
/** @type {Colour} */
export const WHITE = [255, 255, 255];

const STEPS = 20; // from a colour to black or white

/** Return the colour of `#rrggbb`. @param {string} hex @returns {Colour} */
export function colourOf(hex) {
  const at = (/** @type {number} */ start) => parseInt(hex.slice(start, start + 2), 16);
  return [at(1), at(3), at(5)];
}

/** Return a colour as `#rrggbb`. @param {Colour} colour */
export function hexOf(colour) {
  return `#${colour.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}

/** Return the contrast of two colours, from 1 to 21. @param {Colour} a @param {Colour} b */
export function contrastOf(a, b) {
  const [darker, lighter] = [luminanceOf(a), luminanceOf(b)].sort((one, other) => one - other);
  return (lighter + 0.05) / (darker + 0.05);
}

/** Return a mixture: `share` of the second colour. @param {Colour} a @param {Colour} b @param {number} share @returns {Colour} */
export function mix(a, b, share) {
  const at = (/** @type {0 | 1 | 2} */ part) => a[part] + (b[part] - a[part]) * share;
  return [at(0), at(1), at(2)];
}

/**
 * Return the colour that is nearest to a given one, on its way to black or white, and can be read on
 * all of these backgrounds.
 * @param {Colour} colour @param {Colour} towards @param {Colour[]} backgrounds @returns {Colour}
 */
export function readableOn(colour, towards, backgrounds) {
  const mixed = Array.from({ length: STEPS + 1 }, (_, step) => mix(colour, towards, step / STEPS));
  const isReadable = (/** @type {Colour} */ one) =>
    backgrounds.every((background) => contrastOf(one, background) >= CONTRAST_MIN);
  return mixed.find(isReadable) ?? towards;
}

/** Return the relative luminance (WCAG 2.2), from 0 to 1. @param {Colour} colour */
function luminanceOf(colour) {
  const [red, green, blue] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
