// The legend of a map: the prices and the states of seats that occur on it.

import { formatPrice } from "../lib/money.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement, createSvg, renderIfChanged } from "../ui/dom.js";

const texts = all.seats.map.signs;
const ORDER = /** @type {const} */ (["free", "chosen", "mine", "held", "sold", "closed", "lost"]);
const SIGNS = {
  chosen: "M-.2 .02 L-.06 .16 L.2 -.14",
  mine: "M-.2 .02 L-.06 .16 L.2 -.14",
  lost: "M-.17 -.17 L.17 .17 M.17 -.17 L-.17 .17",
};

/**
 * Draw the legend.
 * @param {Set<string>} states that occur
 * @param {{price: import("./seat-inventory.js").Price, number: number}[]} prices none where there is but one
 */
export function drawLegend(states, prices) {
  const shown = ORDER.filter((state) => states.has(state) && !(state === "free" && prices.length));
  renderIfChanged(byId("legend"), [shown, prices], () => [
    ...prices.map(({ price, number }) => item({ "data-price": String(number) }, formatPrice(price))),
    ...shown.map((state) => item({ "data-state": state }, texts[state], state)),
  ]);
}

/** @param {Record<string, string>} attributes @param {string} text @param {string} [state] */
function item(attributes, text, state = "") {
  const d = /** @type {Record<string, string>} */ (SIGNS)[state];
  const drawn = createSvg(
    "svg",
    { class: "sample", viewBox: "-.55 -.55 1.1 1.1", "aria-hidden": "true" },
    createSvg("rect", { class: "seat", ...attributes }),
    ...(d ? [createSvg("path", { d, class: "sign", "data-of": state })] : []),
  );
  return createElement("li", {}, drawn, text);
}
