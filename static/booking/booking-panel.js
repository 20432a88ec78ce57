// A booking in whatever state it is: what happened to the seats, what to the money, the tickets.

import { formatPrice } from "../lib/money.js";
import { placeOf } from "../seats/seat-inventory.js";
import { en } from "../texts/en.js";
import { byId, createElement, renderIfChanged, setText, setTextOrHide } from "../ui/dom.js";
import { isMoving } from "./booking-state.js";
import { linesOf } from "./hold-panel.js";

/**
 * @typedef {import("./booking-state.js").Booking} Booking
 * @typedef {import("../seats/seat-inventory.js").SeatInventory} SeatInventory
 * @typedef {{id: string, seat: any, code: string}} Ticket
 */

const LATER_MS = 5_000;
const LONG_MS = 20_000;
const texts = en.seats.booking;

/**
 * Show a booking.
 * @param {Booking} booking
 * @param {SeatInventory | null} inventory
 * @param {{cancelling: boolean, problem: string, mayChoose: boolean}} now
 */
export function drawBooking(booking, inventory, { cancelling, problem, mayChoose }) {
  const { state, reference } = booking;
  byId("booking").dataset.state = state;
  byId("booking-state").dataset.state = state;
  setText(byId("booking-state"), textOf(texts.states, booking));
  setText(byId("booking-title"), textOf(texts.titles, booking));
  setText(byId("booking-lead"), textOf(texts.leads, booking));
  byId("reference-line").hidden = !reference;
  setText(byId("reference"), reference ?? "");
  byId("booked-seats").hidden = state === "confirmed"; // the tickets say it
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
  setText(byId("booking-close"), mayChoose ? texts.other : texts.close);
  setTextOrHide(byId("booking-problem"), problem);
}

/**
 * Say more, the longer the bank takes.
 * @param {Booking | null} booking
 * @param {number} waitedMs since its state was told
 */
export function drawWaitingNote(booking, waitedMs) {
  const waits = isMoving(booking);
  byId("waiting-bank").hidden = !waits;
  const { later, long } = texts.patience;
  const said = waitedMs > LONG_MS ? long : waitedMs > LATER_MS ? later : "";
  setTextOrHide(byId("patience"), waits ? said : "");
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
  const { row, number } = typeof seat === "string" ? placeOf(seat) : seat;
  return en.seats.seat(row, number);
}

/** @param {Booking} booking @param {Ticket} ticket */
function sectionIdOf({ section = "" }, { seat }) {
  if (!seat) return section;
  return typeof seat === "string" ? seat.split(".")[0] : seat.section;
}
