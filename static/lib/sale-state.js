// The state of a sale in words: that it is stopped, its stock where nothing is free, or its state.

import { texts as all } from "../texts/texts.js";

/** @typedef {{state: string, stopped?: unknown, halted?: boolean}} Sale an event, or its room */

const MOVING_STATES = new Set(["open", "draining"]);
const { states, stock: stocks, event } = all;
const place = event.place;

/**
 * Return what a sale's chip is of: `stopped`, its stock (`held` or `gone`), or its state.
 * @param {Sale} sale @param {string} stock
 */
export function shownState({ state, stopped }, stock) {
  if (stopped) return "stopped";
  return state === "open" && stock in stocks.states ? stock : state;
}

/** Return the words of what `shownState` has returned. @param {string} shown */
export function stateText(shown) {
  return /** @type {Record<string, string>} */ ({ ...states, ...stocks.states })[shown] ?? shown;
}

/** Return who is let in just now. @param {Sale} sale @param {string} stock */
export function roomText(sale, stock) {
  const said = isHalted(sale) ? "halted" : shownState(sale, stock);
  return /** @type {Record<string, string>} */ (event.room)[said] ?? "";
}

/** Return what a card says beside its chip: that nobody is let in, or who is where nothing is free. @param {Sale} sale @param {string} stock */
export function saleNote(sale, stock) {
  if (sale.state === "closed") return "";
  if (sale.stopped || isHalted(sale)) return roomText(sale, stock);
  return stock in stocks.notes ? stocks.waitlist : "";
}

/** Return whether people are let in just now. @param {Sale | null | undefined} sale */
export function isMoving(sale) {
  return MOVING_STATES.has(sale?.state ?? "") && !sale?.halted && !sale?.stopped;
}

/** Return what to say to who is next. @param {Sale | null | undefined} sale @param {string} stock */
export function nextText(sale, stock) {
  if (!isMoving(sale)) return place.nextHalted;
  return stock === "gone" ? place.nextGone : place.next;
}

/** @param {Sale} sale */
function isHalted({ state, stopped, halted }) {
  return state === "open" && !stopped && Boolean(halted);
}
