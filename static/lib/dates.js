// Instants as people read them, in their own time zone.

import { texts } from "../texts/en.js";

/** @param {Intl.DateTimeFormatOptions} options */
const shown = (options) => {
  const format = new Intl.DateTimeFormat(texts.locale, options);
  return (/** @type {string} */ instant) => format.format(new Date(instant));
};

/** "Wednesday 23 December 2026 at 19:00" */
export const dateAndTime = shown({ dateStyle: "full", timeStyle: "short" });

/** "23 Dec 2026, 19:00" */
export const shortDateAndTime = shown({ dateStyle: "medium", timeStyle: "short" });

/** "19:00" */
export const time = shown({ timeStyle: "short" });

/** "23 Dec, 19:00:07", as a journal says it. */
export const moment = shown({
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
