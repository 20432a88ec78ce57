// A booking in whatever state it is: what happened to the seats, what to the money, the tickets.

import { price } from "../lib/money.js";
import { placeOf } from "../seats/seat-inventory.js";
import { texts } from "../texts/en.js";
import { make, part, renew, write, writeIf } from "../ui/dom.js";
import { isMoving } from "./booking-state.js";
import { linesOf } from "./hold-panel.js";

/**
 * @typedef {import("./booking-state.js").Booking} Booking
 * @typedef {import("../seats/seat-inventory.js").House} House
 * @typedef {{id: string, seat: any, code: string}} Ticket
 */

const LATER_MS = 5_000;
const LONG_MS = 20_000;
const words = texts.seats.booking;

/**
 * Show a booking.
 * @param {Booking} booking
 * @param {House | null} house
 * @param {{cancelling: boolean, problem: string, mayChoose: boolean}} now
 */
export function drawBooking(booking, house, { cancelling, problem, mayChoose }) {
  const { state, reference } = booking;
  part("booking").dataset.state = state;
  part("booking-state").dataset.state = state;
  write(part("booking-state"), textOf(words.states, booking));
  write(part("booking-title"), textOf(words.titles, booking));
  write(part("booking-lead"), textOf(words.leads, booking));
  part("reference-line").hidden = !reference;
  write(part("reference"), reference ?? "");
  part("booked-seats").hidden = state === "confirmed"; // the tickets say it
  renew(part("booked-seats"), [booking.seats, booking.quantity, booking.total], () =>
    linesOf(booking, house),
  );
  write(part("booked-total"), price(booking.total));
  const tickets = state === "confirmed" ? (booking.tickets ?? []) : [];
  renew(part("tickets"), [booking.id, tickets], () =>
    tickets.map((ticket, at) => ticketOf(booking, ticket, at, house)),
  );
  part("print").hidden = tickets.length === 0;
  part("cancel").hidden = state !== "confirmed";
  write(part("cancel"), cancelling ? words.cancelling : words.cancel);
  part("cancel").setAttribute("aria-disabled", String(cancelling));
  part("booking-close").hidden = isMoving(booking) && state !== "refunding";
  write(part("booking-close"), mayChoose ? words.other : words.close);
  writeIf(part("booking-problem"), problem);
}

/**
 * Say more, the longer the bank takes.
 * @param {Booking | null} booking
 * @param {number} waitedMs since its state was told
 */
export function drawPatience(booking, waitedMs) {
  const waits = isMoving(booking);
  part("waiting-bank").hidden = !waits;
  const { later, long } = words.patience;
  const said = waitedMs > LONG_MS ? long : waitedMs > LATER_MS ? later : "";
  writeIf(part("patience"), waits ? said : "");
}

/**
 * The text of a state and its reason, or of the state.
 * @param {any} table @param {Booking} booking
 */
export function textOf(table, { state, reason }) {
  return table[`${state}.${reason}`] ?? table[state] ?? state;
}

/**
 * @param {Booking} booking @param {Ticket} ticket
 * @param {number} at @param {House | null} house
 */
function ticketOf(booking, ticket, at, house) {
  const what = nameOf(booking, ticket, at);
  const section = house?.section(sectionIdOf(booking, ticket))?.name ?? "";
  const [id, one] = [booking.id, ticket.id].map(encodeURIComponent);
  const path = `/api/v1/bookings/${id}/tickets/${one}/qr.svg`;
  const qr = make("img", { src: path, alt: words.qr(what), width: "144", height: "144" });
  qr.addEventListener("error", () => (qr.hidden = true));
  return make(
    "li",
    { class: "pass", "data-ticket": ticket.id },
    make(
      "div",
      {},
      make("strong", {}, what),
      make("small", {}, section),
      make("span", { class: "label" }, words.code),
      make("code", { "data-testid": "ticket-code" }, ticket.code),
    ),
    qr,
  );
}

/** @param {Booking} booking @param {Ticket} ticket @param {number} at */
function nameOf(booking, { seat }, at) {
  if (!seat) return words.stand(at + 1, booking.quantity);
  const { row, number } = typeof seat === "string" ? placeOf(seat) : seat;
  return texts.seats.seat(row, number);
}

/** @param {Booking} booking @param {Ticket} ticket */
function sectionIdOf({ section = "" }, { seat }) {
  if (!seat) return section;
  return typeof seat === "string" ? seat.split(".")[0] : seat.section;
}
