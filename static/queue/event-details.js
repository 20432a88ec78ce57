// What is on sale here: the event's name and dates, asked for until the server tells them.

import { ask, Problem } from "../lib/api.js";
import { waitMs } from "../lib/backoff.js";
import { dateAndTime } from "../lib/dates.js";
import { part, write } from "../ui/dom.js";

/**
 * @typedef {object} Event
 * @property {string} name
 * @property {{id: string, starts_at: string}[]} shows
 * @property {{tickets_per_visitor_max?: number}} limits
 */

const TRIES_MAX = 8;

/**
 * Show an event's name and dates; what the server tells of it, or null.
 * @param {string} event
 * @returns {Promise<Event | null>}
 */
export async function showEvent(event) {
  write(part("name"), event);
  const found = await told(event);
  if (!found) return null;
  write(part("name"), found.name);
  write(part("dates"), found.shows.map((show) => dateAndTime(show.starts_at)).join(" · "));
  return found;
}

/** The event; null when there is none. @param {string} event @returns {Promise<Event | null>} */
async function told(event) {
  for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
    try {
      return (await ask("GET", `/api/v1/events/${encodeURIComponent(event)}`)).event;
    } catch (problem) {
      if (problem instanceof Problem && problem.status === 404) return null;
      await new Promise((resolve) => setTimeout(resolve, waitMs(tries)));
    }
  }
  return null;
}
