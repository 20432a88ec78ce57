// The clock of the console: instants by the clock of the chosen event's venue, with its zone named.

import { LONG, SHORT, ZONE_NAME, formatIn, isNear } from "./dates.js";
import { deviceZone, isZone } from "./zoned-time.js";

/** @type {Intl.DateTimeFormatOptions} */
const DATED = { ...SHORT, timeZoneName: ZONE_NAME };

/** @type {Intl.DateTimeFormatOptions} */
const SECOND = { ...DATED, second: "2-digit" };

/** @type {Intl.DateTimeFormatOptions} */
const TIME = { hour: "2-digit", minute: "2-digit", timeZoneName: ZONE_NAME };

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

/** Format as "23 Dec, 19:00:07 GMT+1". @param {string} instant */
export function dateAndSecond(instant) {
  return format(SECOND, instant);
}

/** Format as "Wednesday 23 December 2026 at 19:00 GMT+1". @param {string} instant */
export function dateAndTime(instant) {
  return format(LONG, instant);
}

/** Format as "19:00 GMT+1". @param {string} instant */
export function time(instant) {
  return format(TIME, instant);
}

/** Format as "19:00 GMT+1", or with the date where that is further away than half a day. @param {string} instant */
export function timeOrDate(instant) {
  return format(isNear(instant) ? TIME : DATED, instant);
}

/** Format as "19:00:07 GMT+1", or with the date where that is further away than half a day. @param {string} instant */
export function secondOrDate(instant) {
  return format(isNear(instant) ? { ...TIME, second: "2-digit" } : SECOND, instant);
}

/** Format a show as "28 Dec, 20:00 GMT+1" by the clock of its own venue. @param {{starts_at: string, time_zone?: string}} show */
export function shortShow({ starts_at: startsAt, time_zone: timeZone = "UTC" }) {
  return formatIn(timeZone, DATED, startsAt);
}

/** @param {Intl.DateTimeFormatOptions} options @param {string} instant */
function format(options, instant) {
  return formatIn(zone, options, instant);
}
