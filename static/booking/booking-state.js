// What one visitor holds and has booked: frames in, a new state out; no page, no socket.

/**
 * @typedef {import("../connection/reconnecting-socket.js").Frame} Frame
 * @typedef {import("../seats/seat-inventory.js").Price} Price
 * @typedef {{id: string, section: string, row: string, number: number, price: Price}} HeldSeat
 *
 * @typedef {object} Hold
 * @property {string} id
 * @property {string} [state] `held` or `paying`
 * @property {HeldSeat[]} seats
 * @property {string} [section] where one stands
 * @property {number} quantity
 * @property {boolean} [adjacent]
 * @property {Price} total
 * @property {string} expires_at
 * @property {number} extensions_left
 *
 * @typedef {object} Booking
 * @property {string} id
 * @property {string} event
 * @property {string} reference
 * @property {string} state
 * @property {string} [reason]
 * @property {HeldSeat[]} seats
 * @property {string} [section]
 * @property {number} quantity
 * @property {Price} total
 * @property {{id: string, seat: string | null, code: string}[]} tickets
 *
 * @typedef {object} BookingState
 * @property {string} visitor
 * @property {Hold | null} hold the living one, also while it is being paid
 * @property {Booking | null} booking the one that is shown
 * @property {{hold: string, reason: string} | null} ended why there is no hold any more
 * @property {boolean} warned whether we were told that the hold is about to end
 * @property {string} dismissed the booking that somebody has seen enough of
 * @property {{code: string, detail: string} | null} problem
 */

/** Who holds nothing. @type {BookingState} */
export const EMPTY = Object.freeze({
  visitor: "",
  hold: null,
  booking: null,
  ended: null,
  warned: false,
  dismissed: "",
  problem: null,
});

/** States that pass by themselves: there is news to come. */
const MOVING = new Set(["paying", "retaking", "refunding"]);
/** States in which the seats are still (or again) overrides to pay for. */
const LIVING = new Set(["held", "paying"]);
const UNPAID = new Set(["expired", "released"]);

/** What a refusal to an command command says of the hold itself. */
const ENDINGS = { hold_expired: "expired", unknown_hold: "away", seats_taken: "seats_taken" };

const FRAMES = {
  welcome,
  "hold.created": held,
  "hold.extended": held,
  "hold.released": released,
  "hold.expiring": expiring,
  "hold.expired": expired,
  "booking.updated": (/** @type {BookingState} */ state, /** @type {Frame} */ frame) =>
    told(state, frame.booking),
  error: refused,
};

/**
 * The state after a frame; `command` is the command that it answers.
 * @param {BookingState} state @param {Frame} frame @param {string | null} [command]
 * @returns {BookingState}
 */
export function hear(state, frame, command = null) {
  const take = /** @type {Record<string, any>} */ (FRAMES)[frame.type];
  return take ? take(state, frame, command) : state;
}

/** Whether there is news to come of a booking. @param {Booking | null} booking */
export function isMoving(booking) {
  return MOVING.has(booking?.state ?? "");
}

/** Whether there is a hold that can be paid, extended and released. @param {BookingState} state */
export function holds({ hold, booking }) {
  return hold !== null && !(booking?.id === hold.id && booking.state !== "held");
}

/** Whether the bank said no and may be command again. @param {BookingState} state */
export function isDeclined({ hold, booking }) {
  return booking?.id === hold?.id && booking?.state === "held" && booking.reason === "declined";
}

/** Whether seats may be chosen, as far as the state goes. @param {BookingState} state */
export function isIdle({ hold, booking }) {
  return hold === null && booking?.state !== "paying" && booking?.state !== "retaking";
}

/** The hold as it is, when it was command for. @param {BookingState} state @param {Hold} hold */
export function holdIs(state, hold) {
  return state.hold?.id === hold.id ? { ...state, hold } : state;
}

/**
 * The hold is not there any more.
 * @param {BookingState} state @param {string} id @param {string} reason
 */
export function gone(state, id, reason) {
  if (state.hold?.id !== id) return state;
  return { ...state, hold: null, warned: false, ended: { hold: id, reason } };
}

/** Somebody has seen enough of what is shown. @param {BookingState} state */
export function dismiss(state) {
  return { ...state, booking: null, ended: null, dismissed: state.booking?.id ?? state.dismissed };
}

/** Show a booking. @param {BookingState} state @param {Booking} booking */
export function show(state, booking) {
  return { ...state, booking, ended: null, dismissed: "" };
}

/**
 * What is said of a booking, by a frame or when it was command for.
 * @param {BookingState} state @param {Booking} booking
 * @returns {BookingState}
 */
export function told(state, booking) {
  const overrides = booking.id === state.hold?.id || booking.id === state.booking?.id;
  if (UNPAID.has(booking.state)) return overrides ? unpaid(state, booking) : state;
  if (booking.state === "held" && state.hold?.id !== booking.id) return state;
  if (!overrides && (state.hold || isMoving(state.booking))) return state;
  if (!overrides && booking.id === state.dismissed && !isMoving(booking)) return state;
  const hold = LIVING.has(booking.state) ? state.hold : null;
  return { ...state, booking, hold, ended: null, warned: false, problem: null };
}

/** Nothing was paid: that is told as a booking's end only when somebody had tried to pay. */
function unpaid(/** @type {BookingState} */ state, /** @type {Booking} */ booking) {
  const [over, tried] = [{ ...state, hold: null, warned: false }, state.booking !== null];
  if (tried || booking.reason !== "expired") return { ...over, booking, ended: null };
  return { ...over, booking: null, ended: { hold: booking.id, reason: "expired" } };
}

/** @param {BookingState} state @param {Frame} frame @returns {BookingState} */
function welcome(state, { visitor, room, hold = null, booking = null }) {
  const before = state.visitor === visitor ? state : EMPTY;
  // Nobody can say just now what we hold: it is told when the event is back.
  if (room?.state === "recovering" && !hold) return { ...before, visitor, problem: null };
  const known = { ...before, visitor, hold, problem: null, warned: before.warned && hold !== null };
  if (hold) {
    const shown = booking?.id === hold.id || isMoving(booking) ? booking : null;
    return { ...known, booking: shown, ended: null };
  }
  if (booking && booking.id !== before.dismissed) return { ...known, booking, ended: null };
  if (before.hold) return { ...known, ended: { hold: before.hold.id, reason: "away" } };
  return known;
}

/** @param {BookingState} state @param {Frame} frame @returns {BookingState} */
function held(state, { hold }) {
  const same = state.hold?.id === hold.id;
  const booking = state.booking?.id === hold.id ? state.booking : null;
  if (!same && booking && booking.state !== "held") return state;
  return { ...state, hold, booking, ended: null, warned: false, problem: null };
}

/** @param {BookingState} state @param {Frame} frame @returns {BookingState} */
function released(state, { hold: id }) {
  if (state.hold?.id !== id) return state;
  const booking = state.booking?.id === id ? null : state.booking;
  return { ...state, hold: null, booking, warned: false, ended: null, problem: null };
}

/** @param {BookingState} state @param {Frame} frame @returns {BookingState} */
function expiring(state, { hold: id }) {
  return state.hold?.id === id ? { ...state, warned: true } : state;
}

/** @param {BookingState} state @param {Frame} frame @returns {BookingState} */
function expired(state, { hold: id, reason }) {
  const over = gone(state, id, reason);
  if (over === state) return state;
  const paid = state.booking?.id === id && state.booking?.state === "paying";
  return paid ? { ...over, ended: null } : { ...over, booking: null };
}

/** @param {BookingState} state @param {Frame} frame @param {string | null} command @returns {BookingState} */
function refused(state, { problem }, command) {
  if (!command?.startsWith("hold.")) return state;
  if (problem.code === "hold_exists" && problem.hold) {
    return { ...held(state, { type: "hold.created", hold: problem.hold }), problem };
  }
  const known = { ...state, problem };
  if (command === "hold.create" || !state.hold) return known;
  if (problem.code === "extensions_used_up") {
    return { ...known, hold: { ...state.hold, extensions_left: 0 } };
  }
  const ending = /** @type {Record<string, string>} */ (ENDINGS)[problem.code];
  if (!ending) return known;
  if (command === "hold.release") return { ...released(state, { type: "", hold: state.hold.id }) };
  return { ...gone(known, state.hold.id, ending), booking: null, problem: null };
}
