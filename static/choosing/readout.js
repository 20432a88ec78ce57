// The readout below a map: a seat's row, number, price, state and kind, or what there is to do.

import { formatPrice } from "../lib/money.js";
import { rowAndNumberOf } from "../seats/seat-inventory.js";
import { kindText } from "../seats/selection-panel.js";
import { texts as all } from "../texts/texts.js";
import { byId, setText } from "../ui/dom.js";
import { announce } from "../ui/live-region.js";

const texts = all.seats.map;

/** Write a text into the readout, and announce it. @param {string} text */
export function say(text) {
  setText(byId("readout"), text);
  announce(text);
}

/** Write what can be done on a map. @param {import("../map/house-map.js").HouseMap} map */
export function sayHint({ inside, isNear }) {
  setText(byId("readout"), isNear ? texts.hint : inside ? texts.bandsHint : texts.houseHint);
}

/**
 * Write what a seat is.
 * @param {string} seat @param {import("../seats/seat-inventory.js").Price} price
 * @param {import("../map/section-looks.js").SeatAppearance} shown @param {string} kind "" while it is not known
 */
export function describeSeat(seat, price, shown, kind) {
  const { row, number } = rowAndNumberOf(seat);
  const parts = [all.seats.seat(row, number), formatPrice(price), texts.states[shown], kindText(kind)];
  setText(byId("readout"), parts.filter(Boolean).join(" · "));
}
