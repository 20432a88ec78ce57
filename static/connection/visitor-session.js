// The visitor's session: requests a visitor, whose token the server sets as a cookie.

import { request } from "../lib/api.js";

const CREATED_AT = "rush-visitor-made-at"; // when a tab of this browser created a visitor; never a token
const EVENTS = "rush-events"; // in whose lines this browser has been
const PLACES = "rush-places"; // and in whose it has a place
const EVENTS_MAX = 12;

/**
 * Create a visitor, unless another tab has since `since`: tabs share the cookie, and a second
 * visitor would cost the first one's place.
 * @param {number} since in milliseconds, when this page connected without a visitor
 */
export async function createVisitor(since) {
  await withLock(async () => {
    if (createdAt() >= since) return;
    await request("POST", "/api/v1/visitors");
    saveCreatedAt();
  });
}

/**
 * Return the members of a join that the visitor's link brought: `#identity=…` is sent to nobody else.
 * @returns {Record<string, string>}
 */
export function invitation() {
  const identity = new URLSearchParams(location.hash.slice(1)).get("identity");
  return identity ? { identity } : {};
}

/** Return whether this browser has created a visitor, as far as its storage tells. */
export function hasCreatedVisitor() {
  return createdAt() > 0;
}

/** Remember whether the visitor has a place in an event's line. @param {string} event @param {boolean} hasPlace */
export function rememberPlace(event, hasPlace) {
  const places = (stored(PLACES) ?? []).filter((known) => known !== event);
  store(PLACES, hasPlace ? [event, ...places] : places);
  if (hasPlace) store(EVENTS, [event, ...rememberedEvents().filter((known) => known !== event)]);
}

/** Return the events in whose lines this browser has been, newest first. */
export function rememberedEvents() {
  return stored(EVENTS) ?? [];
}

/** Return the events in whose lines this browser has a place, as far as it was told; newest first. */
export function rememberedPlaces() {
  return stored(PLACES) ?? rememberedEvents();
}

/** Return the events below a key; null where none were ever stored. @param {string} key @returns {string[] | null} */
function stored(key) {
  try {
    const known = JSON.parse(localStorage.getItem(key) ?? "null");
    return Array.isArray(known) ? known.filter((event) => typeof event === "string") : null;
  } catch {
    return null;
  }
}

/** @param {string} key @param {string[]} events */
function store(key, events) {
  try {
    localStorage.setItem(key, JSON.stringify(events.slice(0, EVENTS_MAX)));
  } catch {
    // storage is off: the home page does not know of the place
  }
}

/** Run work in one tab at a time, where the browser has locks. @param {() => Promise<void>} work */
async function withLock(work) {
  if (!navigator.locks) return work();
  await navigator.locks.request("rush-visitor", work);
}

function createdAt() {
  try {
    return Number(localStorage.getItem(CREATED_AT));
  } catch {
    return 0;
  }
}

function saveCreatedAt() {
  try {
    localStorage.setItem(CREATED_AT, String(Date.now()));
  } catch {
    // storage is off: tabs opened in the same instant may become two visitors
  }
}
