// Formats of instants, in the time zone of the device.

import { en } from "../texts/en.js";

/** Return a function that formats an RFC 3339 instant. @param {Intl.DateTimeFormatOptions} options */
const formatter = (options) => {
  const format = new Intl.DateTimeFormat(en.locale, options);
  return (/** @type {string} */ instant) => format.format(new Date(instant));
};

/** Format as "Wednesday 23 December 2026 at 19:00 CET": who is elsewhere must see which clock. */
export const dateAndTime = formatter({
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  timeZoneName: "short",
});

/** Format as "23 Dec 2026, 19:00 CET". */
export const shortDateAndTime = formatter({
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  timeZoneName: "short",
});

/** Format as "19:00". */
export const time = formatter({ timeStyle: "short" });

/** Format as "23 Dec, 19:00:07", for the journal. */
export const dateAndSecond = formatter({
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
