// A booking as a row of the operators' table: what it is in words, whether it is chosen, and its acts.

import { formatPrice } from "../lib/money.js";
import { spans } from "../lib/spans.js";
import { shortShow } from "../lib/venue-clock.js";
import { texts as all } from "../texts/texts.js";
import { createElement } from "../ui/dom.js";

/**
 * @typedef {{id: string, section: string, row: string, number: number}} Seat
 *
 * @typedef {object} Booking as operators see it
 * @property {string} id
 * @property {string} reference
 * @property {string} state
 * @property {string} [reason]
 * @property {Seat[]} seats
 * @property {string} [section]
 * @property {{section: string}} [standing] places that have no seat
 * @property {number} quantity
 * @property {{amount: number, currency: string}} total
 * @property {string} visitor
 * @property {string} [name] of the buyer
 * @property {{id: string, starts_at: string, time_zone?: string}} [show]
 *
 * @typedef {object} RowParts
 * @property {Map<string, string>} names of sections
 * @property {boolean} mayWrite
 * @property {boolean} sendsMail whether this server does
 * @property {boolean} isChosen
 * @property {string} result of the last act on it
 * @property {(booking: Booking, isChosen: boolean) => void} onChoose
 * @property {(booking: Booking) => void} onRefund
 * @property {(booking: Booking) => void} onMail
 * @property {(visitor: string) => void} onVisitor
 */

const REFUNDABLE = "confirmed";
const MAILED = ["confirmed", "expired", "refunded"];
const texts = all.admin.bookings;
const states = all.seats.booking.states;

/** Return whether a booking can be refunded. @param {Booking} booking */
export function isRefundable({ state }) {
  return state === REFUNDABLE;
}

/** Return the row of a booking. @param {Booking} booking @param {RowParts} parts */
export function bookingRow(booking, parts) {
  const { id, reference, total } = booking;
  return createElement(
    "tr",
    { "data-booking": id },
    cell(texts.columns.choose, ...choice(booking, parts)),
    cell(texts.columns.reference, createElement("strong", {}, reference ?? "")),
    cell(texts.columns.state, ...stateOf(booking, parts.result)),
    cell(texts.columns.what, whatOf(booking, parts.names)),
    cell(texts.columns.total, formatPrice(total)),
    cell(texts.columns.visitor, ...holderOf(booking), link(booking.visitor, parts.onVisitor)),
    cell("", ...actsOf(booking, parts)),
  );
}

/** Return the buyer's name, which turns the direction of nothing around it. @param {Booking} booking */
function holderOf({ name }) {
  return name ? [createElement("bdi", { class: "holder", "data-testid": "booking-name" }, name)] : [];
}

/** @param {string} name @param {(Node | string)[]} inside */
function cell(name, ...inside) {
  const box = inside.length ? [createElement("span", {}, ...inside)] : [];
  return createElement("td", { "data-label": name }, ...box);
}

/** @param {Booking} booking @param {RowParts} parts */
function choice(booking, { isChosen, mayWrite, onChoose }) {
  if (!isRefundable(booking)) return [];
  const label = { "aria-label": texts.choose(booking.reference), "data-testid": "booking-choose" };
  const box = /** @type {HTMLInputElement} */ (createElement("input", { type: "checkbox", ...label }));
  box.checked = isChosen;
  box.disabled = !mayWrite;
  box.addEventListener("change", () => onChoose(booking, box.checked));
  return [box];
}

/** @param {Booking} booking @param {string} result */
function stateOf({ state, reason }, result) {
  const text = /** @type {Record<string, string>} */ (states)[state] ?? state;
  const more = [reason, result].filter(Boolean).flatMap((said) => [" ", createElement("small", {}, said ?? "")]);
  return [createElement("span", { class: "chip", "data-state": state }, text), ...more];
}

/** @param {Booking} booking @param {RowParts} parts */
function actsOf(booking, { mayWrite, sendsMail, onRefund, onMail }) {
  const acts = [
    ...(isRefundable(booking) ? [act(texts.refund, { "data-refund": booking.id }, () => onRefund(booking))] : []),
    ...(sendsMail && MAILED.includes(booking.state) ? [act(texts.mail, { "data-mail": booking.id }, () => onMail(booking))] : []),
  ];
  for (const button of acts) button.disabled = !mayWrite;
  return acts;
}

/** @param {string} text @param {Record<string, string>} mark @param {() => void} onClick */
function act(text, mark, onClick) {
  const button = /** @type {HTMLButtonElement} */ (createElement("button", { type: "button", ...mark }, text));
  button.addEventListener("click", onClick);
  return button;
}

/** @param {string} visitor @param {(visitor: string) => void} onVisitor */
function link(visitor, onVisitor) {
  const button = createElement("button", { type: "button", class: "link" }, visitor);
  button.addEventListener("click", () => onVisitor(visitor));
  return button;
}

/** Return the places in words: "Stalls: Row B, seats 16–17; Row C, seat 1". @param {Booking} booking @param {Map<string, string>} names */
function whatOf({ seats, section = "", standing = { section }, show, quantity }, names) {
  const when = show ? ` · ${shortShow(show)}` : "";
  const nameOf = (/** @type {string} */ id) => names.get(id) ?? id;
  const places = quantity - seats.length;
  const parts = [...grouped(seats, (seat) => seat.section)].map(([id, inSection]) => {
    const rows = [...grouped(inSection, (seat) => seat.row)].map(rowText);
    return `${nameOf(id)}: ${rows.join("; ")}`;
  });
  if (places > 0) parts.push(`${nameOf(standing.section)} × ${all.number(places)}`);
  return parts.join(" · ") + when;
}

/** @param {[string, Seat[]]} of a row and its seats */
function rowText([row, seats]) {
  const [first] = seats;
  if (first && seats.length === 1) return all.seats.seat(row, first.number);
  return texts.seats(row, spans(seats.map(({ number }) => number)));
}

/** Return seats by what they have in common, in their order. @param {Seat[]} seats @param {(seat: Seat) => string} keyOf */
function grouped(seats, keyOf) {
  /** @type {Map<string, Seat[]>} */
  const found = new Map();
  for (const seat of seats) found.set(keyOf(seat), [...(found.get(keyOf(seat)) ?? []), seat]);
  return found;
}
