// The legend of a map: the prices, the states and the kinds of seats that occur on it.

import { priceRange } from "../lib/money.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement, createSvg, renderIfChanged } from "../ui/dom.js";

const texts = all.seats.map.signs;
const ORDER = /** @type {const} */ (["free", "apart", "chosen", "mine", "held", "sold", "closed", "lost"]);
const SIGNS = {
  chosen: "M-.2 .02 L-.06 .16 L.2 -.14",
  mine: "M-.2 .02 L-.06 .16 L.2 -.14",
  lost: "M-.17 -.17 L.17 .17 M.17 -.17 L-.17 .17",
};

/** The signs of kinds, in a corner of a seat that is one wide: a circle, a square, a triangle. */
export const KIND_SIGNS = {
  wheelchair: "M.12 -.24a.12 .12 0 1 0 .24 0a.12 .12 0 1 0 -.24 0z",
  companion: "M.14 -.35h.21v.21h-.21z",
  restricted: "M.24 -.37L.38 -.13L.1 -.13z",
};

/**
 * Draw the legend.
 * @param {Set<string>} states that occur
 * @param {Set<string>} kinds that occur
 * @param {{number: number, prices: import("./seat-inventory.js").Price[]}[]} prices of each colour
 */
export function drawLegend(states, kinds, prices) {
  const shown = ORDER.filter((state) => states.has(state));
  const signed = /** @type {(keyof typeof KIND_SIGNS)[]} */ (Object.keys(KIND_SIGNS)).filter((kind) => kinds.has(kind));
  renderIfChanged(byId("legend"), [shown, signed, prices], () => [
    ...prices.map(({ number, prices: some }) => item({ "data-price": String(number) }, priceRange(some))),
    ...shown.map((state) => item({ "data-state": state }, texts[state], SIGNS, state)),
    ...signed.map((kind) => item({}, all.seats.map.kinds[kind], KIND_SIGNS, kind)),
  ]);
}

/** @param {Record<string, string>} attributes @param {string} text @param {Record<string, string>} [signs] @param {string} [of] what of the signs */
function item(attributes, text, signs = {}, of = "") {
  const d = signs[of];
  const drawn = createSvg(
    "svg",
    { class: "sample", viewBox: "-.55 -.55 1.1 1.1", "aria-hidden": "true" },
    createSvg("rect", { class: "seat", ...attributes }),
    ...(d ? [createSvg("path", { d, class: "sign", "data-of": of })] : []),
  );
  return createElement("li", {}, drawn, text);
}
