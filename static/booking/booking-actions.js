// Actions of the booking's buttons: each sends a command or a request, and returns the new state.

import { request } from "../lib/api.js";
import { newIdempotencyKey } from "../lib/idempotency-key.js";
import { texts as all } from "../texts/texts.js";
import { announce } from "../ui/live-region.js";
import {
  applyBooking,
  finishCancelling,
  setBookings,
  startCommand,
  startHold,
} from "./booking-state.js";
import { readContact, rememberSentTo } from "./contact-field.js";
import { methodChosen } from "./hold-panel.js";

/**
 * @typedef {import("../connection/pending-commands.js").PendingCommands} PendingCommands
 * @typedef {import("../connection/pending-commands.js").CommandType} CommandType
 * @typedef {import("./booking-state.js").BookingState} BookingState
 * @typedef {import("../seats/selection.js").Standing} Standing
 * @typedef {(state: BookingState) => BookingState} Change of the state as it is by then
 */

const texts = all.seats.booking;

/**
 * Send `hold.create` with a new idempotency key. Return the state without earlier refusals.
 * @param {BookingState} state
 * @param {PendingCommands} commands
 * @param {{seats: string[], standing?: Standing} | Standing} what
 */
export function createHold(state, commands, what) {
  commands.send("hold.create", 0, { key: newIdempotencyKey(), ...what });
  return startHold(state, "quantity" in what);
}

/** Hold the selected seats and places, if any. @param {BookingState} state @param {PendingCommands} commands */
export function holdSelection(state, commands) {
  const { seats, standing } = state.selection;
  if (seats.length) return createHold(state, commands, { seats, ...(standing ? { standing } : {}) });
  return standing ? createHold(state, commands, standing) : state;
}

/**
 * Send a command about the hold. Return the state without the last refusal.
 * @param {BookingState} state
 * @param {PendingCommands} commands
 * @param {CommandType} type
 * @param {Record<string, unknown>} [members]
 */
export function sendForHold(state, commands, type, members = {}) {
  const { hold, booking } = state;
  if (!hold) return state;
  const attempts = booking?.id === hold.id ? booking.attempts : 0;
  const known = { extensionsLeft: hold.extensions_left, attempts };
  commands.send(type, 0, { hold: hold.id, ...members }, known);
  return startCommand(state);
}

/**
 * Send `hold.checkout` with the chosen method, unless a name is wanted and missing, or the address is not valid.
 * @param {BookingState} state @param {PendingCommands} commands
 */
export function checkOut(state, commands) {
  const contact = readContact();
  if (!contact) return state;
  if (contact.email && state.hold) rememberSentTo(state.hold.id, contact.email);
  const members = { payment_method: methodChosen(), ...contact };
  return sendForHold(state, commands, "hold.checkout", members);
}

/**
 * Request the cancellation of a booking. Return the change of the state that the answer makes.
 * @param {string} id
 * @returns {Promise<Change>}
 */
export async function cancelBooking(id) {
  try {
    const { booking } = await request("POST", `/api/v1/bookings/${encodeURIComponent(id)}/cancel`);
    announce(texts.cancelled);
    return (state) => finishCancelling(applyBooking(state, booking), "");
  } catch (problem) {
    const { code, message } = /** @type {import("../lib/api.js").Problem} */ (problem);
    const text = code === "not_refundable" ? texts.notRefundable : message;
    return (state) => finishCancelling(state, text);
  }
}

/**
 * Request all bookings of the visitor. Return the change of the state that the answer makes: none
 * when the server does not answer, since the next welcome requests them again.
 * @returns {Promise<Change>}
 */
export async function loadBookings() {
  try {
    const { bookings } = await request("GET", "/api/v1/bookings?limit=1000");
    return (state) => setBookings(state, bookings);
  } catch {
    return (state) => state;
  }
}
