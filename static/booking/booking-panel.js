// The booking panel: state, seats, money and tickets of one booking.

import { includesText } from "../checkout/price-includes.js";
import { formatPrice } from "../lib/money.js";
import { texts as all } from "../texts/texts.js";
import { byId, renderIfChanged, setText, setTextOrHide } from "../ui/dom.js";
import { isMoving } from "./booking-state.js";
import { sentTo } from "./contact-field.js";
import { linesOf, showText } from "./hold-panel.js";
import { drawTicketLink, ticketCard } from "./ticket-card.js";

/**
 * @typedef {import("./booking-state.js").Booking} Booking
 * @typedef {import("../seats/seat-inventory.js").SeatInventory} SeatInventory
 * @typedef {import("./booking-state.js").BookingState} BookingState
 */

const SLOW_MS = 5_000;
const VERY_SLOW_MS = 20_000;
const texts = all.seats.booking;

/**
 * Draw a booking.
 * @param {Booking} booking
 * @param {SeatInventory | null} inventory
 * @param {BookingState} view
 */
export function drawBooking(booking, inventory, view) {
  const { cancelling, cancelProblem, phase, details, shows } = view;
  const { state, reference } = booking;
  byId("booking").dataset.state = state;
  byId("booking-state").dataset.state = state;
  setText(byId("booking-state"), textOf(texts.states, booking));
  setText(byId("booking-title"), textOf(texts.titles, booking));
  setText(byId("booking-lead"), textOf(texts.leads, booking));
  byId("reference-line").hidden = !reference;
  setText(byId("reference"), reference ?? "");
  byId("booked-seats").hidden = state === "confirmed"; // its tickets name them
  renderIfChanged(byId("booked-seats"), [booking, shows], () =>
    linesOf(booking, inventory, shows),
  );
  setText(byId("booked-total"), formatPrice(booking.total));
  setTextOrHide(byId("booked-includes"), includesText(booking, details.sections));
  const tickets = state === "confirmed" ? (booking.tickets ?? []) : [];
  const isLoaded = inventory !== null;
  renderIfChanged(byId("tickets"), [booking.id, tickets, details, isLoaded], () =>
    tickets.map((ticket, at) => ticketCard(booking, ticket, at, { inventory, details })),
  );
  setTextOrHide(byId("booked-show"), tickets.length ? "" : showText(booking.show, details));
  const to = details.mail && tickets.length ? sentTo(booking.id) : "";
  setTextOrHide(byId("mail-sent"), to ? all.seats.mail.sent(to) : "");
  byId("print").hidden = tickets.length === 0;
  byId("calendar").hidden = !tickets.some((ticket) => ticket.show);
  drawTicketLink(tickets.length ? booking.id : "");
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
