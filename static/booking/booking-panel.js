// The booking panel: state, seats, money and tickets of one booking.

import { formatPrice } from "../lib/money.js";
import { rowAndNumberOf } from "../seats/seat-inventory.js";
import { en } from "../texts/en.js";
import { byId, createElement, renderIfChanged, setText, setTextOrHide } from "../ui/dom.js";
import { isMoving } from "./booking-state.js";
import { linesOf } from "./hold-panel.js";

/**
 * @typedef {import("./booking-state.js").Booking} Booking
 * @typedef {import("../seats/seat-inventory.js").SeatInventory} SeatInventory
 * @typedef {{id: string, seat: any, code: string}} Ticket
 */

const SLOW_MS = 5_000;
const VERY_SLOW_MS = 20_000;
const texts = en.seats.booking;

/**
 * Draw a booking.
 * @param {Booking} booking
 * @param {SeatInventory | null} inventory
 * @param {{cancelling: boolean, cancelProblem: string, phase: string}} view
 */
export function drawBooking(booking, inventory, { cancelling, cancelProblem, phase }) {
  const { state, reference } = booking;
  byId("booking").dataset.state = state;
  byId("booking-state").dataset.state = state;
  setText(byId("booking-state"), textOf(texts.states, booking));
  setText(byId("booking-title"), textOf(texts.titles, booking));
  setText(byId("booking-lead"), textOf(texts.leads, booking));
  byId("reference-line").hidden = !reference;
  setText(byId("reference"), reference ?? "");
  byId("booked-seats").hidden = state === "confirmed"; // its tickets name them
  renderIfChanged(byId("booked-seats"), [booking.seats, booking.quantity, booking.total], () =>
    linesOf(booking, inventory),
  );
  setText(byId("booked-total"), formatPrice(booking.total));
  const tickets = state === "confirmed" ? (booking.tickets ?? []) : [];
  renderIfChanged(byId("tickets"), [booking.id, tickets], () =>
    tickets.map((ticket, at) => ticketOf(booking, ticket, at, inventory)),
  );
  byId("print").hidden = tickets.length === 0;
  byId("cancel").hidden = state !== "confirmed";
  setText(byId("cancel"), cancelling ? texts.cancelling : texts.cancel);
  byId("cancel").setAttribute("aria-disabled", String(cancelling));
  byId("booking-close").hidden = isMoving(booking) && state !== "refunding";
  setText(byId("booking-close"), phase === "admitted" ? texts.other : texts.close);
  setTextOrHide(byId("booking-problem"), cancelProblem);
}

/**
 * Draw a note that says more, the longer the bank takes.
 * @param {Booking | null} booking
 * @param {number} waitedMs since the page shows this state
 */
export function drawWaitingNote(booking, waitedMs) {
  const isWaiting = isMoving(booking);
  byId("waiting-bank").hidden = !isWaiting;
  const { later, long } = texts.patience;
  const note = waitedMs > VERY_SLOW_MS ? long : waitedMs > SLOW_MS ? later : "";
  setTextOrHide(byId("patience"), isWaiting ? note : "");
}

/**
 * Return the text of a booking's state and reason, or else of its state.
 * @param {any} table @param {Booking} booking
 */
export function textOf(table, { state, reason }) {
  return table[`${state}.${reason}`] ?? table[state] ?? state;
}

/**
 * @param {Booking} booking @param {Ticket} ticket
 * @param {number} at @param {SeatInventory | null} inventory
 */
function ticketOf(booking, ticket, at, inventory) {
  const what = nameOf(booking, ticket, at);
  const section = inventory?.section(sectionIdOf(booking, ticket))?.name ?? "";
  const [id, one] = [booking.id, ticket.id].map(encodeURIComponent);
  const path = `/api/v1/bookings/${id}/tickets/${one}/qr.svg`;
  const qr = createElement("img", { src: path, alt: texts.qr(what), width: "144", height: "144" });
  qr.addEventListener("error", () => (qr.hidden = true));
  return createElement(
    "li",
    { class: "pass", "data-ticket": ticket.id },
    createElement(
      "div",
      {},
      createElement("strong", {}, what),
      createElement("small", {}, section),
      createElement("span", { class: "label" }, texts.code),
      createElement("code", { "data-testid": "ticket-code" }, ticket.code),
    ),
    qr,
  );
}

/** @param {Booking} booking @param {Ticket} ticket @param {number} at */
function nameOf(booking, { seat }, at) {
  if (!seat) return texts.stand(at + 1, booking.quantity);
  const { row, number } = typeof seat === "string" ? rowAndNumberOf(seat) : seat;
  return en.seats.seat(row, number);
}

/** @param {Booking} booking @param {Ticket} ticket */
function sectionIdOf({ section = "" }, { seat }) {
  if (!seat) return section;
  return typeof seat === "string" ? seat.split(".")[0] : seat.section;
}
