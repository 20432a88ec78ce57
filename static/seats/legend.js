// The legend of a map: the prices, the states and the kinds of seats that occur on it.

import { formatPrice } from "../lib/money.js";
import { en } from "../texts/en.js";
import { byId, createElement, createSvg, renderIfChanged } from "../ui/dom.js";

const texts = en.seats.map.signs;
const ORDER = /** @type {const} */ (["free", "chosen", "mine", "held", "sold", "closed", "lost"]);
const SIGNS = {
  chosen: "M-.2 .02 L-.06 .16 L.2 -.14",
  mine: "M-.2 .02 L-.06 .16 L.2 -.14",
  lost: "M-.17 -.17 L.17 .17 M.17 -.17 L-.17 .17",
};

/** The signs of kinds, around the middle of a seat of length 1; another kind has none. @type {Record<string, string>} */
export const KIND_SIGNS = {
  wheelchair: "M-.38 .2H.38V.38H-.38Z",
  companion: "M.04 .2H.38V.38H.04Z",
  restricted: "M.38 -.38V-.06L.06 -.38Z",
};

/**
 * Draw the legend.
 * @param {Set<string>} states that occur
 * @param {{price: import("./seat-inventory.js").Price, number: number}[]} prices none where there is but one
 * @param {Set<string>} kinds that occur
 */
export function drawLegend(states, prices, kinds) {
  const shown = ORDER.filter((state) => states.has(state) && !(state === "free" && prices.length));
  const special = Object.keys(KIND_SIGNS).filter((kind) => kinds.has(kind));
  const kindTexts = /** @type {Record<string, string>} */ (en.seats.map.kinds);
  renderIfChanged(byId("legend"), [shown, prices, special], () => [
    ...prices.map(({ price, number }) => item({ "data-price": String(number) }, formatPrice(price))),
    ...shown.map((state) => item({ "data-state": state }, texts[state], state)),
    ...special.map((kind) => item({ "data-kind": kind }, kindTexts[kind], kind)),
  ]);
}

/** @param {Record<string, string>} attributes @param {string} text @param {string} [sign] of a state or a kind */
function item(attributes, text, sign = "") {
  const d = /** @type {Record<string, string>} */ ({ ...SIGNS, ...KIND_SIGNS })[sign];
  const drawn = createSvg(
    "svg",
    { class: "sample", viewBox: "-.55 -.55 1.1 1.1", "aria-hidden": "true" },
    createSvg("rect", { class: "seat", ...attributes }),
    ...(d ? [createSvg("path", { d, class: sign in KIND_SIGNS ? "kind" : "sign", "data-of": sign })] : []),
  );
  return createElement("li", {}, drawn, text);
}
