// The visitor's own part of the home page: places, holds and tickets by event, over HTTP.

import { hasCreatedVisitor, rememberPlace, rememberedPlaces } from "../connection/visitor-session.js";
import { Problem, request } from "../lib/api.js";

/**
 * @typedef {{state: string, ahead: number | null, number: number | null, window?: number, deferred?: boolean}} Place
 *   `number`: null before its draw
 * @typedef {object} Own
 * @property {Place} [place]
 * @property {string} [turnUntil] RFC 3339
 * @property {{quantity: number, seated: boolean, until: string | null}} [hold]
 * @property {number} [tickets]
 */

const BOOKINGS_MAX = 100;
const DAY_MS = 86_400_000;
const UNPAID = new Set(["held", "paying", "retaking"]);

/**
 * Request what the visitor of this browser has: places in these events, by their ids, and holds and
 * tickets in any.
 * @param {string[]} events
 * @returns {Promise<Map<string, Own>>}
 */
export async function loadOwn(events) {
  /** @type {Map<string, Own>} */
  const own = new Map();
  if (!hasCreatedVisitor()) return own;
  const joined = rememberedPlaces().filter((event) => events.includes(event));
  const [bookings, places] = await Promise.all([
    orNothing(request("GET", `/api/v1/bookings?limit=${BOOKINGS_MAX}`)),
    Promise.all(joined.map((event) => placeIn(event))),
  ]);
  joined.forEach((event, at) => addPlace(own, event, places[at]));
  await Promise.all((bookings?.bookings ?? []).map((/** @type {any} */ one) => addBooking(own, one)));
  return own;
}

/** @param {Map<string, Own>} own @param {string} event @param {any} answer */
function addPlace(own, event, answer) {
  if (!answer?.place) return;
  own.set(event, { ...own.get(event), place: answer.place, turnUntil: answer.expires_at });
}

/** @param {Map<string, Own>} own @param {any} booking */
async function addBooking(own, booking) {
  const { event, state, quantity } = booking;
  const found = () => own.get(event) ?? {};
  if (state === "confirmed") own.set(event, { ...found(), tickets: (found().tickets ?? 0) + quantity });
  if (!UNPAID.has(state)) return;
  const answer =
    state === "held" ? await orNothing(request("GET", `${pathOf(event)}/holds/${booking.id}`)) : null;
  if (state === "held" && !answer) return;
  const hold = { quantity, seated: booking.seats.length === quantity, until: answer?.hold.expires_at ?? null };
  own.set(event, { ...found(), hold });
}

/**
 * Request events in which the visitor has something, and which are not on sale any more. Return those
 * that were answered.
 * @param {Iterable<string>} ids
 * @returns {Promise<import("./event-order.js").Event[]>}
 */
export async function loadEnded(ids) {
  const answers = await Promise.all([...ids].map((id) => orNothing(request("GET", pathOf(id)))));
  return answers.flatMap((answer) => answer?.event ?? []);
}

/** Return whether tickets of an event may be needed at a door still. @param {import("./event-order.js").Event} event */
export function isNeeded({ shows }) {
  const since = Date.now() - DAY_MS;
  return shows.some(({ starts_at: startsAt }) => Date.parse(startsAt) > since);
}

/** Request the place in an event's line; one that has ended while no page was open is asked about once. @param {string} event */
async function placeIn(event) {
  try {
    return await request("GET", `${pathOf(event)}/queue`);
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 404) rememberPlace(event, false);
    return null;
  }
}

/** Return the answer, or null where the visitor has nothing there. @param {Promise<any>} asked */
function orNothing(asked) {
  return asked.catch(() => null);
}

/** @param {string} event */
function pathOf(event) {
  return `/api/v1/events/${encodeURIComponent(event)}`;
}
