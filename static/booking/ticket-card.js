// Ticket cards: each alone tells event, date, zone, venue, section, row and seat, with its QR code.

import { request } from "../lib/api.js";
import { showDateAndTime } from "../lib/dates.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement } from "../ui/dom.js";
import { rowAndNumberOf } from "../seats/seat-inventory.js";
import { standingOf } from "./booking-state.js";

/**
 * @typedef {import("./booking-state.js").Booking} Booking
 * @typedef {import("./booking-state.js").EventDetails} EventDetails
 * @typedef {import("../seats/seat-inventory.js").SeatInventory} SeatInventory
 * @typedef {import("./booking-state.js").Ticket} Ticket
 */

const QR_PX = "240"; // a code of 73 modules with its margin: 3 px a module
const texts = all.seats.booking;

/**
 * Return the card of a ticket.
 * @param {Booking} booking @param {Ticket} ticket @param {number} at
 * @param {{inventory: SeatInventory | null, details: EventDetails}} context
 */
export function ticketCard(booking, ticket, at, { inventory, details }) {
  const what = placeOf(booking, ticket, at);
  const section = inventory?.section(sectionOf(booking, ticket))?.name ?? "";
  const lines = [
    ticket.show ? showDateAndTime(ticket.show) : "",
    venueText(details),
    [texts.reference, booking.reference].join(" "),
  ];
  return createElement(
    "li",
    { class: "pass", "data-ticket": ticket.id, "data-testid": "ticket" },
    createElement(
      "div",
      {},
      createElement("span", { class: "label" }, details.name),
      createElement("strong", {}, what),
      createElement("strong", {}, section),
      ...(booking.name ? [holderOf(booking.name)] : []),
      ...lines.filter(Boolean).map((line) => createElement("span", {}, line)),
    ),
    qrOf(booking, ticket, what),
  );
}

/** The booking whose link is shown or asked for. */
let linked = "";

/** Show the link to a booking's tickets, which outlives this browser's cookie. @param {string} booking its id, or "" */
export function drawTicketLink(booking) {
  if (booking === linked) return;
  linked = booking;
  byId("ticket-link").hidden = true;
  if (booking) void showLink(booking);
}

/** @param {string} booking */
async function showLink(booking) {
  try {
    const { url } = await request("GET", `/api/v1/bookings/${encodeURIComponent(booking)}/link`);
    if (booking !== linked) return;
    byId("ticket-link").setAttribute("href", url);
    byId("ticket-link").hidden = false;
  } catch {
    if (booking === linked) linked = ""; // asked for again when the booking is drawn again
  }
}

/** Return an event's venue as one line, or "". @param {EventDetails} details */
export function venueText({ venue }) {
  return [venue?.name, venue?.address].filter(Boolean).join(", ");
}

/** Return the line with the buyer's name, which turns the direction of nothing around it. @param {string} name */
function holderOf(name) {
  const holder = createElement("bdi", {}, name);
  return createElement("span", { "data-testid": "ticket-name" }, all.seats.names.name, " ", holder);
}

/** @param {Booking} booking @param {Ticket} ticket @param {string} what */
function qrOf(booking, ticket, what) {
  const [id, one] = [booking.id, ticket.id].map(encodeURIComponent);
  const src = `/api/v1/bookings/${id}/tickets/${one}/qr.svg`;
  const qr = createElement("img", { src, alt: texts.qr(what), width: QR_PX, height: QR_PX });
  qr.addEventListener("error", () => (qr.hidden = true));
  return qr;
}

/** @param {Booking} booking @param {Ticket} ticket @param {number} at */
function placeOf(booking, { seat }, at) {
  const seated = booking.seats.length;
  if (!seat) return texts.stand(at + 1 - seated, booking.quantity - seated);
  const { row, number } = rowAndNumberOf(seat);
  return all.seats.seat(row, number);
}

/** @param {Booking} booking @param {Ticket} ticket */
function sectionOf(booking, { seat }) {
  return seat ? (seat.split(".")[0] ?? "") : (standingOf(booking)?.section ?? "");
}
