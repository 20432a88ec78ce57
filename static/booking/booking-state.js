// The booking state of one visitor and event: questions, and changes by users and answers. Pure.

import { EMPTY_SELECTION, replaceSeats, toggleSeat, withoutTaken } from "../seats/selection.js";

/**
 * @typedef {import("../seats/section-list.js").Show} Show
 * @typedef {import("../seats/seat-inventory.js").Price} Price
 * @typedef {import("../seats/seat-inventory.js").SeatState} SeatState
 * @typedef {import("../map/section-looks.js").SeatAppearance} SeatAppearance
 * @typedef {import("../seats/selection.js").Selection} Selection
 * @typedef {import("../seats/selection.js").Standing} Standing
 * @typedef {{id: string, section: string, row: string, number: number, price: Price}} HeldSeat
 *
 * @typedef {{id: string, seat: string | null, code: string, show?: Show}} Ticket
 * @typedef {object} EventDetails
 * @property {string} name
 * @property {{name: string, address?: string}} [venue]
 * @property {boolean} [mail] whether the server sends mails
 * @property {import("../checkout/price-includes.js").PricedSection[]} sections
 * @property {import("../checkout/terms.js").Terms} [terms]
 * @property {string} [names] `buyer` where the tickets have the buyer's name
 *
 * @typedef {object} Hold
 * @property {string} id
 * @property {string} [state] `held` or `paying`
 * @property {HeldSeat[]} seats
 * @property {string} [section] of standing places, where it has no seats
 * @property {Standing} [standing] places that have no seat
 * @property {number} quantity
 * @property {boolean} [adjacent]
 * @property {Price} total
 * @property {string} expires_at
 * @property {number} extensions_left
 * @property {Show} [show] where all of its places are of one
 *
 * @typedef {object} Booking
 * @property {string} id
 * @property {string} event
 * @property {string} reference
 * @property {string} state
 * @property {string} [reason]
 * @property {HeldSeat[]} seats
 * @property {string} [section]
 * @property {Standing} [standing]
 * @property {number} quantity
 * @property {Price} total
 * @property {number} attempts tries to pay that began
 * @property {Show} [show] where all of its places are of one
 * @property {Ticket[]} tickets
 * @property {string} [name] of the buyer, as it stands on the tickets
 *
 * @typedef {object} BookingState
 * @property {string} event
 * @property {Show[]} shows of the event
 * @property {EventDetails} details of the event
 * @property {boolean} askedForBest whether the hold's places were chosen by the server
 * @property {number} ticketsMax the event's limit for one visitor
 * @property {string} phase of the page
 * @property {string} visitor
 * @property {Selection} selection
 * @property {Hold | null} hold the living one, also while it is being paid
 * @property {Booking | null} booking the shown one
 * @property {Booking[]} bookings all of the visitor's for this event, newest first
 * @property {{hold: string, reason: string} | null} ended why there is no hold any more
 * @property {boolean} warned whether `hold.expiring` was received
 * @property {string} unconfirmedHold a hold that the welcome of a recovering event did not contain
 * @property {string} dismissed the booking whose panel was closed
 * @property {boolean} cancelling whether the server has not answered a cancellation yet
 * @property {string} cancelProblem
 * @property {{code: string, detail: string} | null} problem
 */

const TICKETS_MAX = 10; // until the event's own limit is loaded

/** The members of a state with neither hold nor booking. */
export const NOTHING_HELD = {
  hold: null,
  booking: null,
  ended: null,
  warned: false,
  dismissed: "",
  problem: null,
};

/** States that pass on their own: a `booking.updated` is to come. */
const MOVING = new Set(["paying", "retaking", "refunding"]);
/** States in which the seats are the visitor's to pay for. */
const LIVING = new Set(["held", "paying"]);
const UNPAID = new Set(["expired", "released"]);
/** States of bookings that count against the event's limit. */
const COUNTED = new Set(["confirmed", "paying", "retaking"]);
const OWN = new Set(["confirmed", "paying"]);

/** Return the state before the first welcome. @param {string} event @returns {BookingState} */
export function initialState(event) {
  return {
    ...NOTHING_HELD,
    event,
    shows: [],
    details: { name: event, sections: [] },
    askedForBest: false,
    ticketsMax: TICKETS_MAX,
    phase: "connecting",
    visitor: "",
    selection: EMPTY_SELECTION,
    bookings: [],
    unconfirmedHold: "",
    cancelling: false,
    cancelProblem: "",
  };
}

// Questions

/** Return whether a `booking.updated` is to come. @param {Booking | null} booking */
export function isMoving(booking) {
  return MOVING.has(booking?.state ?? "");
}

/** Return whether a hold can be paid, extended and released. @param {BookingState} state */
export function hasOpenHold({ hold, booking }) {
  return hold !== null && !(booking?.id === hold.id && booking.state !== "held");
}

/** Return whether the bank declined and may be asked again. @param {BookingState} state */
export function isDeclined({ hold, booking }) {
  return booking?.id === hold?.id && booking?.state === "held" && booking.reason === "declined";
}

/**
 * Return what the visitor does with seats.
 * @param {BookingState} state
 * @returns {"looking" | "choosing" | "holding"}
 */
export function modeOf({ hold, booking, phase }) {
  if (hold || booking?.state === "paying" || booking?.state === "retaking") return "holding";
  return phase === "admitted" ? "choosing" : "looking";
}

/**
 * Return the standing places of a hold or a booking, or null.
 * @param {Pick<Hold, "section" | "standing" | "quantity">} held @returns {Standing | null}
 */
export function standingOf({ section, standing, quantity }) {
  return standing ?? (section ? { section, quantity } : null);
}

/** Return how many tickets the visitor may still book. @param {BookingState} state */
export function ticketsLeft({ ticketsMax, bookings }) {
  const counted = bookings.filter((booking) => COUNTED.has(booking.state));
  return Math.max(0, ticketsMax - counted.reduce((sum, { quantity }) => sum + quantity, 0));
}

/** Return the appearance of the visitor's seats, which replaces their state. @param {BookingState} state */
export function seatOverrides({ selection, bookings, hold }) {
  /** @type {Map<string, SeatAppearance>} */
  const overrides = new Map();
  const own = bookings.filter((booking) => OWN.has(booking.state));
  for (const seat of selection.lost) overrides.set(seat, "lost");
  for (const seat of selection.seats) overrides.set(seat, "chosen");
  for (const { seats } of [...own, ...(hold ? [hold] : [])])
    for (const { id } of seats) overrides.set(id, "mine");
  return overrides;
}

// Actions of the user and of the page

/**
 * Set the phase of the page. A selection survives only while seats may be chosen.
 * @param {BookingState} state @param {string} phase @returns {BookingState}
 */
export function setPhase(state, phase) {
  const next = { ...state, phase };
  return modeOf(next) === "choosing" ? next : { ...next, selection: EMPTY_SELECTION };
}

/**
 * Set the shows and the limit of the event.
 * @param {BookingState} state
 * @param {EventDetails & {shows: Show[], limits?: {tickets_per_visitor_max?: number}}} event
 * @returns {BookingState}
 */
export function setEvent(state, { shows, limits, name, venue, sections, terms, names, mail = false }) {
  const details = { name, mail, sections, names, ...(venue && { venue }), ...(terms && { terms }) };
  return { ...state, shows, details, ticketsMax: limits?.tickets_per_visitor_max ?? TICKETS_MAX };
}

/**
 * Add a seat to the selection, or remove it; a block of several replaces what was selected.
 * @param {BookingState} state @param {string[]} seats
 */
export function pickSeats(state, seats) {
  if (seats.length > 1) return chooseSeats(state, seats);
  const selection = toggleSeat(state.selection, seats[0], ticketsLeft(state));
  return { ...state, selection, ended: null, problem: null };
}

/** Replace the selected seats by these. @param {BookingState} state @param {string[]} seats */
export function chooseSeats(state, seats) {
  const selection = replaceSeats(state.selection, seats, ticketsLeft(state));
  return { ...state, selection, ended: null, problem: null };
}

/**
 * Set the selected standing places, or remove them.
 * @param {BookingState} state @param {Standing | null} standing
 */
export function chooseStanding(state, standing) {
  const selection = { ...state.selection, lost: [], standing, limitReached: false };
  return { ...state, selection, ended: null, problem: null };
}

/**
 * Remove seats that are not free any more from the selection.
 * @param {BookingState} state @param {(seat: string) => SeatState} stateOf
 */
export function dropTakenSeats(state, stateOf) {
  const taken = state.selection.seats.filter(
    (seat) => !["free", "unknown"].includes(stateOf(seat)),
  );
  return { ...state, selection: withoutTaken(state.selection, taken) };
}

/**
 * Clear earlier refusals, lost seats and endings: a hold is requested.
 * @param {BookingState} state @param {boolean} askedForBest
 */
export function startHold(state, askedForBest) {
  const selection = { ...state.selection, lost: [], limitReached: false };
  return { ...state, selection, askedForBest, ended: null, problem: null };
}

/** Clear the last refusal: a command about the hold is sent. @param {BookingState} state */
export function startCommand(state) {
  return { ...state, problem: null };
}

/** Close the panel of a booking or of an ended hold. @param {BookingState} state */
export function dismiss(state) {
  const dismissed = state.booking?.id ?? state.dismissed;
  return { ...state, booking: null, ended: null, dismissed, cancelProblem: "" };
}

/** Show a booking of the list. @param {BookingState} state @param {Booking} booking */
export function showBooking(state, booking) {
  return { ...state, booking, ended: null, dismissed: "" };
}

/** Mark that a cancellation is requested. @param {BookingState} state */
export function startCancelling(state) {
  return { ...state, cancelling: true, cancelProblem: "" };
}

/** End a cancellation, perhaps with a problem. @param {BookingState} state @param {string} problem */
export function finishCancelling(state, problem) {
  return { ...state, cancelling: false, cancelProblem: problem };
}

// Answers of the server

/** Replace the list of bookings. @param {BookingState} state @param {Booking[]} bookings */
export function setBookings(state, bookings) {
  return { ...state, bookings: bookings.filter(({ event }) => event === state.event) };
}

/** Update the hold, unless there is another one now. @param {BookingState} state @param {Hold} hold */
export function applyHold(state, hold) {
  return state.hold?.id === hold.id ? { ...state, hold } : state;
}

/**
 * End the hold of this id, if it is the current one.
 * @param {BookingState} state @param {string} id @param {string} reason
 * @returns {BookingState}
 */
export function endHold(state, id, reason) {
  if (state.hold?.id !== id) return state;
  return { ...state, hold: null, warned: false, ended: { hold: id, reason } };
}

/**
 * Apply the new state of a booking to the list and to the shown panel.
 * @param {BookingState} state @param {Booking} booking
 * @returns {BookingState}
 */
export function applyBooking(state, booking) {
  const next = withShownBooking(state, booking);
  if (booking.event !== state.event) return next;
  const others = state.bookings.filter(({ id }) => id !== booking.id);
  return { ...next, bookings: [booking, ...others].sort((a, b) => (a.id < b.id ? 1 : -1)) };
}

/** @param {BookingState} state @param {Booking} booking @returns {BookingState} */
function withShownBooking(state, booking) {
  const ours = booking.id === state.hold?.id || booking.id === state.booking?.id;
  if (UNPAID.has(booking.state)) return ours ? withUnpaid(state, booking) : state;
  if (booking.state === "held" && state.hold?.id !== booking.id) return state;
  if (!ours && (state.hold || isMoving(state.booking))) return state;
  if (!ours && booking.id === state.dismissed && !isMoving(booking)) return state;
  const hold = LIVING.has(booking.state) ? state.hold : null;
  return { ...state, booking, hold, ended: null, warned: false, problem: null };
}

/**
 * Return the state after a hold that was not paid: it ends as a booking only after a try to pay.
 * @param {BookingState} state @param {Booking} booking
 * @returns {BookingState}
 */
function withUnpaid(state, booking) {
  const next = { ...state, hold: null, warned: false };
  const tried = state.booking !== null;
  if (tried || booking.reason !== "expired") return { ...next, booking, ended: null };
  return { ...next, booking: null, ended: { hold: booking.id, reason: "expired" } };
}
