// Event details: the name and dates of the event, requested until the server answers.

import { Problem, request } from "../lib/api.js";
import { waitMs } from "../lib/backoff.js";
import { showDateAndTime } from "../lib/dates.js";
import { priceRange } from "../lib/money.js";
import { applyAccent, showPicture } from "../theme/theme.js";
import { readInlined } from "../ui/inlined.js";
import { byId, setText, setTextOrHide } from "../ui/dom.js";

/**
 * @typedef {object} Event
 * @property {string} name
 * @property {string} state
 * @property {string} [opens_at]
 * @property {import("../lib/dates.js").Show[]} shows
 * @property {{id: string, name: string, price: import("../lib/money.js").Price, includes?: {name: string, amount: number}[]}[]} sections
 * @property {{name: string, address?: string}} [venue]
 * @property {import("../theme/theme.js").Theme} [theme]
 * @property {string} [names] `buyer` where the tickets have the buyer's name
 * @property {import("../checkout/terms.js").Terms} [terms] that buyers accept
 * @property {boolean} [mail] whether the server sends mails
 * @property {string} [stock] `plenty`, `few`, `held` or `gone`
 * @property {{tickets_per_visitor_max?: number}} limits
 */

const TRIES_MAX = 8;

/**
 * Fetch an event and show its name and dates. Return the event, or null when there is none.
 * @param {string} event
 * @returns {Promise<Event | null>}
 */
export async function showEventDetails(event) {
  const found = inlinedEvent() ?? (await fetchEvent(event));
  if (!found) {
    setText(byId("name"), event);
    return null;
  }
  setText(byId("name"), found.name);
  setText(byId("dates"), found.shows.map(showDateAndTime).join(" · "));
  setText(byId("prices"), priceRange(found.sections.map(({ price }) => price)));
  const { venue, theme } = found;
  applyAccent(document.documentElement, theme);
  showPicture(byId("logo"), theme?.logo);
  showPicture(byId("picture"), theme?.picture);
  setTextOrHide(byId("venue"), [venue?.name, venue?.address].filter(Boolean).join(", "));
  return found;
}

/** Return the event that the server has written into the page, or null. @returns {Event | null} */
export function inlinedEvent() {
  return readInlined()?.event ?? null;
}

/**
 * Fetch the event, up to 8 times. Return null when there is none or no answer.
 * @param {string} event @returns {Promise<Event | null>}
 */
async function fetchEvent(event) {
  for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
    try {
      return (await request("GET", `/api/v1/events/${encodeURIComponent(event)}`)).event;
    } catch (problem) {
      if (problem instanceof Problem && problem.status === 404) return null;
      await new Promise((resolve) => setTimeout(resolve, waitMs(tries)));
    }
  }
  return null;
}
