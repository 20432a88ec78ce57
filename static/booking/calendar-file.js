// The calendar file of a booking (RFC 5545): one entry for each of its shows, made in the page.

import { venueText } from "./ticket-card.js";

/**
 * @typedef {import("./booking-state.js").Booking} Booking
 * @typedef {import("./booking-state.js").EventDetails} EventDetails
 * @typedef {import("../lib/dates.js").Show} Show
 */

const DURATION = "PT2H"; // nobody knows when a show ends
const OCTETS_MAX = 73; // of a line, and a space or CRLF on either side (RFC 5545, 3.1)

/**
 * Return the text of the file.
 * @param {Booking} booking @param {EventDetails} details
 * @param {{now: number, page: string}} context milliseconds since 1970, and the page's URL
 */
export function calendarOf(booking, details, { now, page }) {
  const shows = new Map(
    booking.tickets.flatMap(({ show }) =>
      show ? [/** @type {[string, Show]} */ ([show.id, show])] : [],
    ),
  );
  const entries = [...shows.values()].flatMap((show) => [
    "BEGIN:VEVENT",
    `UID:${booking.id}-${show.id}@booking-rush`,
    `DTSTAMP:${stamp(now)}`,
    `DTSTART:${stamp(Date.parse(show.starts_at))}`,
    `DURATION:${DURATION}`,
    `SUMMARY:${escaped(details.name)}`,
    `DESCRIPTION:${escaped(booking.reference)}`,
    ...(details.venue ? [`LOCATION:${escaped(venueText(details))}`] : []),
    `URL:${page}`,
    "END:VEVENT",
  ]);
  const lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Booking Rush//EN", ...entries];
  return [...lines, "END:VCALENDAR", ""].map(folded).join("\r\n");
}

/** Let the browser save a text as a file. @param {string} name @param {string} text */
export function saveFile(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/calendar" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** @param {number} ms */
function stamp(ms) {
  return new Date(ms).toISOString().replace(/[-:]|\.\d+/g, "");
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[\\;,]/g, "\\$&").replace(/\s+/g, " ");
}

/** Fold a long line between characters. @param {string} line */
function folded(line) {
  const encoder = new TextEncoder();
  let [text, octets] = ["", 0];
  for (const character of line) {
    const size = encoder.encode(character).length;
    if (octets + size > OCTETS_MAX) [text, octets] = [`${text}\r\n `, 1];
    text += character;
    octets += size;
  }
  return text;
}
