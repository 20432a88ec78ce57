// The title of the tab: where one stands, for who looks at another tab.

import { countdown } from "../lib/server-clock.js";
import { isUndrawn, undrawnOf } from "../lottery/order.js";
import { texts as all } from "../texts/texts.js";
import { endOf, endOfConnection } from "./phase-view.js";
import { mayJoin } from "./queue-state.js";

/**
 * @typedef {object} Standing
 * @property {string} heldUntil when the hold ends that is to be paid, or ""
 * @property {string} booking the title of the shown booking, or ""
 * @property {boolean} hasBought whether a booking is confirmed
 */

const { titles: texts, outside, late, closed, elsewhere, unknown } = all.event;
const ALONE = new Set(["elsewhere", "unknown"]); // they show neither hold nor booking

/**
 * Return the title. A hold comes before a booking, and that before the place.
 * @param {import("./queue-state.js").QueueState} queueState
 * @param {{phase: string, name: string, standing: Standing, stock: string,
 *   clock: import("../lib/server-clock.js").ServerClock}} now
 */
export function titleOf(queueState, { phase, name, standing, stock, clock }) {
  const { place, room, expiresAt, presenceConfirmed, closeCode } = queueState;
  const words = /** @type {Record<string, string>} */ (all.stock.states);
  const left = (/** @type {string} */ instant) => countdown(clock.secondsLeft(instant));
  const byPhase = {
    outside: () => (room && !mayJoin(queueState) ? outside.draining : (words[stock] ?? "")),
    waiting: () => words[stock] ?? texts.waiting(place?.ahead ?? 0),
    lobby: () => (isUndrawn(place) ? all.event.undrawn[undrawnOf(room, place)].title : texts.lobby),
    late: () => (presenceConfirmed ? late.back : late.title),
    admitted: () => texts.admitted(left(expiresAt)),
    expired: () => endOf(queueState, standing.hasBought)[0],
    closed: () => closed.title,
    elsewhere: () => elsewhere.title,
    unknown: () => endOfConnection(closeCode)[0],
  };
  const ofPhase = /** @type {Record<string, () => string>} */ (byPhase)[phase]?.() ?? "";
  const held = standing.heldUntil ? texts.held(left(standing.heldUntil)) : "";
  const text = ALONE.has(phase) ? ofPhase : held || standing.booking || ofPhase;
  return [text, name, all.common.brand].filter(Boolean).join(" · ");
}
