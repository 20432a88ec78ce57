// The booking state's reducer of frames: a frame in, a new state out. Pure.

import { EMPTY_SELECTION, withoutTaken } from "../seats/selection.js";
import { applyBooking, endHold, isMoving, NOTHING_HELD } from "./booking-state.js";

/**
 * @typedef {import("../connection/reconnecting-socket.js").Frame} Frame
 * @typedef {import("./booking-state.js").BookingState} BookingState
 */

/** One reducer for each type of frame. */
const REDUCERS = {
  welcome,
  "room.state": roomChanged,
  "hold.created": holdCreated,
  "hold.extended": holdChanged,
  "hold.released": holdReleased,
  "hold.expiring": holdExpiring,
  "hold.expired": holdExpired,
  "booking.updated": bookingUpdated,
  error: commandRefused,
};

/** End reasons of a hold, by the code of a refusal. */
const END_REASONS = { hold_expired: "expired", unknown_hold: "away", seats_taken: "seats_taken" };

/**
 * Apply a frame. Return the new state; the same object when the frame changes nothing.
 * @param {BookingState} state
 * @param {Frame} frame
 * @param {string | null} [command] the type of the command that the frame answers
 * @returns {BookingState}
 */
export function reduce(state, frame, command = null) {
  const reducer = /** @type {Record<string, any>} */ (REDUCERS)[frame.type];
  return reducer ? reducer(state, frame, command) : state;
}

/** @param {BookingState} state @param {Frame} frame @returns {BookingState} */
function welcome(state, { visitor, room, hold = null, booking = null }) {
  const before = state.visitor === visitor ? state : { ...state, ...NOTHING_HELD };
  const known = { ...before, visitor, problem: null, unconfirmedHold: "" };
  // A recovering event does not know the hold yet: keep it, and ask when the event is back.
  if (room?.state === "recovering" && !hold)
    return { ...known, unconfirmedHold: before.hold?.id ?? "" };
  const next = { ...known, hold, warned: before.warned && hold !== null };
  if (hold) {
    const shown = booking?.id === hold.id || isMoving(booking) ? booking : null;
    return { ...next, booking: shown, ended: null };
  }
  if (booking && booking.id !== before.dismissed) return { ...next, booking, ended: null };
  if (before.hold) return { ...next, ended: { hold: before.hold.id, reason: "away" } };
  return next;
}

/** @param {BookingState} state @param {Frame} frame @returns {BookingState} */
function roomChanged(state, frame) {
  return frame.state === "recovering" ? state : { ...state, unconfirmedHold: "" };
}

/** @param {BookingState} state @param {Frame} frame @returns {BookingState} */
function holdCreated(state, frame) {
  return { ...holdChanged(state, frame), selection: EMPTY_SELECTION };
}

/** @param {BookingState} state @param {Frame} frame @returns {BookingState} */
function holdChanged(state, { hold }) {
  const same = state.hold?.id === hold.id;
  const booking = state.booking?.id === hold.id ? state.booking : null;
  if (!same && booking && booking.state !== "held") return state;
  return { ...state, hold, booking, ended: null, warned: false, problem: null };
}

/** @param {BookingState} state @param {Frame} frame @returns {BookingState} */
function holdReleased(state, { hold: id }) {
  if (state.hold?.id !== id) return state;
  const booking = state.booking?.id === id ? null : state.booking;
  return { ...state, hold: null, booking, warned: false, ended: null, problem: null };
}

/** @param {BookingState} state @param {Frame} frame @returns {BookingState} */
function holdExpiring(state, { hold: id }) {
  return state.hold?.id === id ? { ...state, warned: true } : state;
}

/** @param {BookingState} state @param {Frame} frame @returns {BookingState} */
function holdExpired(state, { hold: id, reason }) {
  const next = endHold(state, id, reason);
  if (next === state) return state;
  const paying = state.booking?.id === id && state.booking?.state === "paying";
  return paying ? { ...next, ended: null } : { ...next, booking: null };
}

/** @param {BookingState} state @param {Frame} frame @returns {BookingState} */
function bookingUpdated(state, { booking }) {
  return applyBooking(state, booking);
}

/** @param {BookingState} state @param {Frame} frame @param {string | null} command @returns {BookingState} */
function commandRefused(state, { problem }, command) {
  if (!command?.startsWith("hold.")) return state;
  if (command === "hold.create") return holdRefused(state, problem);
  const next = { ...state, problem };
  if (!state.hold) return next;
  if (problem.code === "extensions_used_up") {
    return { ...next, hold: { ...state.hold, extensions_left: 0 } };
  }
  const reason = /** @type {Record<string, string>} */ (END_REASONS)[problem.code];
  if (!reason) return next;
  const { id } = state.hold;
  if (command === "hold.release") return holdReleased(state, { type: "hold.released", hold: id });
  return { ...endHold(next, id, reason), booking: null, problem: null };
}

/** @param {BookingState} state @param {any} problem @returns {BookingState} */
function holdRefused(state, problem) {
  if (problem.code === "hold_exists" && problem.hold) {
    return { ...holdChanged(state, { type: "hold.created", hold: problem.hold }), problem };
  }
  const taken = problem.code === "seats_taken" ? (problem.conflicts ?? []) : [];
  return { ...state, problem, selection: withoutTaken(state.selection, taken) };
}
