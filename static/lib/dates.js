// Formats of instants: in the time zone of the device, and of shows in that of their venue.

import { texts as all } from "../texts/texts.js";

/**
 * A zone is named by its offset, as the server's pages do: abbreviations differ by language, and
 * some mean several zones.
 */
export const ZONE_NAME = "shortOffset";
const NEAR_MS = 12 * 3_600_000;
const NO_OFFSET = /GMT(\+0)?(?![+\d:-])/; // as browsers write UTC

/** @type {Intl.DateTimeFormatOptions} */
export const LONG = {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
  timeZoneName: ZONE_NAME,
};

/** @type {Intl.DateTimeFormatOptions} */
export const SHORT = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };

/** Format an instant by the clock of a zone. @param {string} timeZone @param {Intl.DateTimeFormatOptions} options @param {string} instant */
export function formatIn(timeZone, options, instant) {
  return formatter({ ...options, timeZone })(instant);
}

/** Return a function that formats an RFC 3339 instant. @param {Intl.DateTimeFormatOptions} options */
function formatter(options) {
  const format = new Intl.DateTimeFormat(all.locale, options);
  if (options.weekday) return (/** @type {string} */ instant) => inPattern(format.formatToParts(new Date(instant)));
  return (/** @type {string} */ instant) => format.format(new Date(instant)).replace(NO_OFFSET, "UTC");
}

/**
 * Return a whole date in the pattern of the texts, as the server writes it: browsers differ in commas.
 * @param {Intl.DateTimeFormatPart[]} parts
 */
function inPattern(parts) {
  const { hour, minute, timeZoneName = "", ...found } = /** @type {Record<string, string>} */ (
    Object.fromEntries(parts.map(({ type, value }) => [type, value]))
  );
  const zone = timeZoneName.replace(NO_OFFSET, "UTC");
  return withValues(all.dates.pattern, { ...found, time: `${hour}:${minute}`, zone });
}

/** Fill the names in braces of a text. @param {string} text @param {Record<string, string>} values */
export function withValues(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Format as "Wednesday 23 December 2026 at 19:00 GMT+1": who is elsewhere must see which clock. */
export const dateAndTime = formatter(LONG);

/** @typedef {{id: string, starts_at: string, time_zone?: string}} Show */

/** Format a show's time by the clock of its venue: "Sunday 27 December 2026 at 20:00 GMT+1". @param {Show} show */
export function showDateAndTime({ starts_at: startsAt, time_zone: timeZone = "UTC" }) {
  return formatIn(timeZone, LONG, startsAt);
}

/** Format an instant by the clock of an event's venue; where that is not known, of this device. @param {string} instant @param {Show[]} [shows] */
export function venueDateAndTime(instant, shows = []) {
  const [show] = shows;
  return show ? showDateAndTime({ ...show, starts_at: instant }) : dateAndTime(instant);
}

/**
 * Format when a sale opens: by the clock of the venue, and by this device's where that is another.
 * @param {string} instant @param {Show[]} [shows]
 */
export function openingDateAndTime(instant, shows) {
  const [when, own] = [venueDateAndTime(instant, shows), dateAndTime(instant)];
  return when === own ? when : withValues(all.dates.byYourClock, { when, own });
}

/** Format a show's time by the clock of its venue: "27 Dec, 20:00". @param {Show} show */
export function shortShowDateAndTime({ starts_at: startsAt, time_zone: timeZone = "UTC" }) {
  return formatIn(timeZone, SHORT, startsAt);
}

/** Format as "23 Dec 2026, 19:00 GMT+1". */
export const shortDateAndTime = formatter({
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  timeZoneName: ZONE_NAME,
});

/** Format as "19:00". */
export const time = formatter({ timeStyle: "short" });

const dayAndTime = formatter(SHORT);

/** Format as "19:00", or as "23 Dec, 19:00" where that is further away than half a day. @param {string} instant */
export function timeOrDay(instant) {
  return (isNear(instant) ? time : dayAndTime)(instant);
}

/** Return whether an instant is within half a day, so that its time of day says enough. @param {string} instant */
export function isNear(instant) {
  return Math.abs(Date.now() - Date.parse(instant)) < NEAR_MS;
}

/** Format as "23 Dec, 19:00:07", for the journal. */
export const dateAndSecond = formatter({
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
