// What is on sale here: the event's name and dates, asked for until the server tells them.

import { ask, Problem } from "./api.js";
import { waitMs } from "./backoff.js";
import { dateAndTime } from "./dates.js";
import { part, write } from "./dom.js";

const TRIES_MAX = 8;

/**
 * Show an event's name and dates; its name, or the id where the server does not tell.
 * @param {string} event
 * @returns {Promise<string>}
 */
export async function showEvent(event) {
  write(part("name"), event);
  const found = await told(event);
  if (!found) return event;
  write(part("name"), found.name);
  const dates = found.shows.map((/** @type {{starts_at: string}} */ show) =>
    dateAndTime(show.starts_at),
  );
  write(part("dates"), dates.join(" · "));
  return found.name;
}

/** The event; null when there is none. @param {string} event */
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
