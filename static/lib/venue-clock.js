// The clock of the console: instants by the clock of the chosen event's venue, with its zone named.

import { texts as all } from "../texts/texts.js";
import { deviceZone, isZone } from "./zoned-time.js";

/** @type {Intl.DateTimeFormatOptions} */
const SECOND = {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
};

/** @type {Intl.DateTimeFormatOptions} */
const LONG = {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  timeZoneName: "short",
};

/** @type {Intl.DateTimeFormatOptions} */
const TIME = { hour: "2-digit", minute: "2-digit", timeZoneName: "short" };

let zone = deviceZone;

/** Show times by the clock of an event's first show. @param {{shows: {time_zone?: string}[]}} event */
export function followVenue(event) {
  const named = event.shows[0]?.time_zone ?? "";
  zone = named && isZone(named) ? named : deviceZone;
}

/** Return the zone whose clock is shown: `Europe/Berlin`. */
export function venueZone() {
  return zone;
}

/** Format as "23 Dec, 19:00:07 CET". @param {string} instant */
export function dateAndSecond(instant) {
  return format(SECOND, instant);
}

/** Format as "Wednesday 23 December 2026 at 19:00 CET". @param {string} instant */
export function dateAndTime(instant) {
  return format(LONG, instant);
}

/** Format as "19:00 CET". @param {string} instant */
export function time(instant) {
  return format(TIME, instant);
}

/** Format as "19:00 CET", or with the date where that is further away than half a day. @param {string} instant */
export function timeOrDate(instant) {
  const isNear = Math.abs(Date.now() - Date.parse(instant)) < 12 * 3_600_000;
  return format(isNear ? TIME : { ...TIME, day: "numeric", month: "short" }, instant);
}

/** @param {Intl.DateTimeFormatOptions} options @param {string} instant */
function format(options, instant) {
  return new Intl.DateTimeFormat(all.locale, { ...options, timeZone: zone }).format(new Date(instant));
}
