// The title of the tab: where one stands, for who looks at another tab.

import { countdown } from "../lib/server-clock.js";
import { isUndrawn, undrawnOf } from "../lottery/order.js";
import { texts as all } from "../texts/texts.js";
import { endOf } from "./phase-view.js";

/**
 * @typedef {object} Standing
 * @property {string} heldUntil when the hold ends that is to be paid, or ""
 * @property {string} booking the title of the shown booking, or ""
 * @property {boolean} hasBought whether a booking is confirmed
 */

const texts = all.event.titles;

/**
 * Return the title. A hold comes before a booking, and that before the place.
 * @param {import("./queue-state.js").QueueState} queueState
 * @param {{phase: string, name: string, standing: Standing, stock: string,
 *   clock: import("../lib/server-clock.js").ServerClock}} now
 */
export function titleOf(queueState, { phase, name, standing, stock, clock }) {
  const { place, room, expiresAt } = queueState;
  const words = /** @type {Record<string, string>} */ (all.stock.states);
  const left = (/** @type {string} */ instant) => countdown(clock.secondsLeft(instant));
  const byPhase = {
    outside: () => words[stock] ?? "",
    waiting: () => words[stock] ?? texts.waiting(place?.ahead ?? 0),
    lobby: () => (isUndrawn(place) ? all.event.undrawn[undrawnOf(room, place)].title : texts.lobby),
    late: () => texts.late,
    admitted: () => texts.admitted(left(expiresAt)),
    expired: () => endOf(queueState, standing.hasBought)[0],
  };
  const ofPhase = /** @type {Record<string, () => string>} */ (byPhase)[phase]?.() ?? "";
  const text = standing.heldUntil
    ? texts.held(left(standing.heldUntil))
    : standing.booking || ofPhase;
  return [text, name, all.common.brand].filter(Boolean).join(" · ");
}
