// What one visitor holds and has booked: frames in, a new booth out; no page, no socket.

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
 * @typedef {object} Booth
 * @property {string} visitor
 * @property {Hold | null} hold the living one, also while it is being paid
 * @property {Booking | null} booking the one that is shown
 * @property {{hold: string, reason: string} | null} ended why there is no hold any more
 * @property {boolean} warned whether we were told that the hold is about to end
 * @property {string} dismissed the booking that somebody has seen enough of
 * @property {{code: string, detail: string} | null} problem
 */

/** Who holds nothing. @type {Booth} */
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
/** States in which the seats are still (or again) ours to pay for. */
const LIVING = new Set(["held", "paying"]);
const UNPAID = new Set(["expired", "released"]);

/** What a refusal to an asked command says of the hold itself. */
const ENDINGS = { hold_expired: "expired", unknown_hold: "away", seats_taken: "seats_taken" };

const FRAMES = {
  welcome,
  "hold.created": held,
  "hold.extended": held,
  "hold.released": released,
  "hold.expiring": expiring,
  "hold.expired": expired,
  "booking.updated": (/** @type {Booth} */ booth, /** @type {Frame} */ frame) =>
    told(booth, frame.booking),
  error: refused,
};

/**
 * The booth after a frame; `asked` is the command that it answers.
 * @param {Booth} booth @param {Frame} frame @param {string | null} [asked]
 * @returns {Booth}
 */
export function hear(booth, frame, asked = null) {
  const take = /** @type {Record<string, any>} */ (FRAMES)[frame.type];
  return take ? take(booth, frame, asked) : booth;
}

/** Whether there is news to come of a booking. @param {Booking | null} booking */
export function isMoving(booking) {
  return MOVING.has(booking?.state ?? "");
}

/** Whether there is a hold that can be paid, extended and released. @param {Booth} booth */
export function holds({ hold, booking }) {
  return hold !== null && !(booking?.id === hold.id && booking.state !== "held");
}

/** Whether the bank said no and may be asked again. @param {Booth} booth */
export function isDeclined({ hold, booking }) {
  return booking?.id === hold?.id && booking?.state === "held" && booking.reason === "declined";
}

/** Whether seats may be chosen, as far as the booth goes. @param {Booth} booth */
export function isIdle({ hold, booking }) {
  return hold === null && booking?.state !== "paying" && booking?.state !== "retaking";
}

/** The hold as it is, when it was asked for. @param {Booth} booth @param {Hold} hold */
export function holdIs(booth, hold) {
  return booth.hold?.id === hold.id ? { ...booth, hold } : booth;
}

/**
 * The hold is not there any more.
 * @param {Booth} booth @param {string} id @param {string} reason
 */
export function gone(booth, id, reason) {
  if (booth.hold?.id !== id) return booth;
  return { ...booth, hold: null, warned: false, ended: { hold: id, reason } };
}

/** Somebody has seen enough of what is shown. @param {Booth} booth */
export function dismiss(booth) {
  return { ...booth, booking: null, ended: null, dismissed: booth.booking?.id ?? booth.dismissed };
}

/** Show a booking. @param {Booth} booth @param {Booking} booking */
export function show(booth, booking) {
  return { ...booth, booking, ended: null, dismissed: "" };
}

/**
 * What is said of a booking, by a frame or when it was asked for.
 * @param {Booth} booth @param {Booking} booking
 * @returns {Booth}
 */
export function told(booth, booking) {
  const ours = booking.id === booth.hold?.id || booking.id === booth.booking?.id;
  if (UNPAID.has(booking.state)) return ours ? unpaid(booth, booking) : booth;
  if (booking.state === "held" && booth.hold?.id !== booking.id) return booth;
  if (!ours && (booth.hold || isMoving(booth.booking))) return booth;
  if (!ours && booking.id === booth.dismissed && !isMoving(booking)) return booth;
  const hold = LIVING.has(booking.state) ? booth.hold : null;
  return { ...booth, booking, hold, ended: null, warned: false, problem: null };
}

/** Nothing was paid: that is told as a booking's end only when somebody had tried to pay. */
function unpaid(/** @type {Booth} */ booth, /** @type {Booking} */ booking) {
  const [over, tried] = [{ ...booth, hold: null, warned: false }, booth.booking !== null];
  if (tried || booking.reason !== "expired") return { ...over, booking, ended: null };
  return { ...over, booking: null, ended: { hold: booking.id, reason: "expired" } };
}

/** @param {Booth} booth @param {Frame} frame @returns {Booth} */
function welcome(booth, { visitor, room, hold = null, booking = null }) {
  const before = booth.visitor === visitor ? booth : EMPTY;
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

/** @param {Booth} booth @param {Frame} frame @returns {Booth} */
function held(booth, { hold }) {
  const same = booth.hold?.id === hold.id;
  const booking = booth.booking?.id === hold.id ? booth.booking : null;
  if (!same && booking && booking.state !== "held") return booth;
  return { ...booth, hold, booking, ended: null, warned: false, problem: null };
}

/** @param {Booth} booth @param {Frame} frame @returns {Booth} */
function released(booth, { hold: id }) {
  if (booth.hold?.id !== id) return booth;
  const booking = booth.booking?.id === id ? null : booth.booking;
  return { ...booth, hold: null, booking, warned: false, ended: null, problem: null };
}

/** @param {Booth} booth @param {Frame} frame @returns {Booth} */
function expiring(booth, { hold: id }) {
  return booth.hold?.id === id ? { ...booth, warned: true } : booth;
}

/** @param {Booth} booth @param {Frame} frame @returns {Booth} */
function expired(booth, { hold: id, reason }) {
  const over = gone(booth, id, reason);
  if (over === booth) return booth;
  const paid = booth.booking?.id === id && booth.booking?.state === "paying";
  return paid ? { ...over, ended: null } : { ...over, booking: null };
}

/** @param {Booth} booth @param {Frame} frame @param {string | null} asked @returns {Booth} */
function refused(booth, { problem }, asked) {
  if (!asked?.startsWith("hold.")) return booth;
  if (problem.code === "hold_exists" && problem.hold) {
    return { ...held(booth, { type: "hold.created", hold: problem.hold }), problem };
  }
  const known = { ...booth, problem };
  if (asked === "hold.create" || !booth.hold) return known;
  if (problem.code === "extensions_used_up") {
    return { ...known, hold: { ...booth.hold, extensions_left: 0 } };
  }
  const ending = /** @type {Record<string, string>} */ (ENDINGS)[problem.code];
  if (!ending) return known;
  if (asked === "hold.release") return { ...released(booth, { type: "", hold: booth.hold.id }) };
  return { ...gone(known, booth.hold.id, ending), booking: null, problem: null };
}
