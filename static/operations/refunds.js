// Refunds by operators: one question with its reach and a reason, then each booking by itself.

import { Problem } from "../lib/api.js";
import { formatPrice } from "../lib/money.js";
import { texts as all } from "../texts/texts.js";
import { askConfirmation } from "../ui/confirm-dialog.js";
import { byId, control } from "../ui/dom.js";

/** @typedef {import("./booking-row.js").Booking} Booking */

const texts = all.admin.bookings;

/** Ask whether to refund these. Return the reason, perhaps "", or null for no. @param {Booking[]} bookings */
export async function askForRefund(bookings) {
  const { ask } = texts;
  const [first] = bookings;
  const question =
    bookings.length === 1 ? ask.question(first?.reference ?? "") : ask.questionOfMany(bookings.length);
  control("confirm-reason").value = "";
  byId("confirm-why").hidden = false;
  const agreed = await askConfirmation(byId("confirm"), { question, lead: ask.lead(reachOf(bookings)), yes: ask.yes });
  byId("confirm-why").hidden = true;
  return agreed ? control("confirm-reason").value.trim() : null;
}

/** Return what bookings are together, in words: "4 bookings · 7 places · €455.00". @param {Booking[]} bookings */
export function reachOf(bookings) {
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const { total } of bookings) sums.set(total.currency, (sums.get(total.currency) ?? 0) + total.amount);
  const money = [...sums].map(([currency, amount]) => formatPrice({ amount, currency }));
  const places = bookings.reduce((sum, { quantity }) => sum + quantity, 0);
  return texts.reach(bookings.length, places, money.join(" + "));
}

/**
 * Refund bookings one after the other; a refusal of one stops no other.
 * @param {import("../admin/session.js").Session} session
 * @param {Booking[]} bookings
 * @param {string} reason
 * @param {(booking: Booking, result: Partial<Booking> | Problem) => void} onResult
 * @returns {Promise<number>} how many are being refunded
 */
export async function refundEach(session, bookings, reason, onResult) {
  let accepted = 0;
  for (const booking of bookings) {
    const path = `/bookings/${encodeURIComponent(booking.id)}/refund`;
    try {
      const answer = await session.write("POST", path, reason ? { body: { reason } } : {});
      onResult(booking, answer?.booking ?? { state: "refunding" });
      accepted += 1;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      onResult(booking, problem);
      if (!session.operator) break;
    }
  }
  return accepted;
}
