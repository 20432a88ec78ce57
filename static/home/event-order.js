// The order of events on the home page, and the search in them. Pure.

/**
 * @typedef {object} Event
 * @property {string} id
 * @property {string} name
 * @property {string} state
 * @property {"arrival" | "lottery" | "windows"} [fairness]
 * @property {import("../lottery/order.js").Lottery} [lottery]
 * @property {string | null} opens_at
 * @property {unknown} [stopped] since when, where the sale is
 * @property {boolean} [halted] whether its rules admit nobody
 * @property {import("../lib/dates.js").Show[]} shows
 * @property {{name: string, address?: string}} [venue]
 * @property {import("../theme/theme.js").Theme} [theme]
 * @property {boolean} [mail] whether the server sends mails
 * @property {string} [stock] `plenty`, `few`, `held` or `gone`
 * @property {{price: import("../lib/money.js").Price}[]} sections
 */

/**
 * Return events by the date of their next show; those that are over come last, but for those in which
 * the visitor has something.
 * @param {Event[]} events @param {number} now in milliseconds @param {{has(id: string): boolean}} own
 */
export function inOrder(events, now, own) {
  const isLast = (/** @type {Event} */ event) => isOver(event, now) && !own.has(event.id);
  const keyed = events.map((event) => ({ event, over: isLast(event), at: dateOf(event, now) }));
  keyed.sort((a, b) => Number(a.over) - Number(b.over) || a.at - b.at);
  return keyed.map(({ event }) => event);
}

/** Return whether the sale is closed, or no show is still to come. @param {Event} event @param {number} now */
export function isOver({ state, shows }, now) {
  return state === "closed" || !shows.some((show) => Date.parse(show.starts_at) > now);
}

/** Return the shows of an event, the earliest first. @param {Event} event */
export function showsOf({ shows }) {
  return [...shows].sort((a, b) => Date.parse(a.starts_at) - Date.parse(b.starts_at));
}

/** Return events whose name or venue has every word of a text. @param {Event[]} events @param {string} text */
export function matching(events, text) {
  const words = plain(text).split(/\s+/).filter(Boolean);
  return events.filter(({ name, venue }) => {
    const searched = plain([name, venue?.name, venue?.address].join(" "));
    return words.every((word) => searched.includes(word));
  });
}

/** Return the next show's instant, or the last one's when all are over. @param {Event} event @param {number} now */
function dateOf(event, now) {
  const times = showsOf(event).map((show) => Date.parse(show.starts_at));
  return times.find((time) => time > now) ?? times[times.length - 1] ?? 0;
}

/** Return a text without case and accents; vowel signs of other scripts stay. @param {string} text */
function plain(text) {
  return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
}
