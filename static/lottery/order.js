// The order of an event for who joins now, and for a place that waits for its draw. Pure.

/**
 * @typedef {{lane: string, first: number, last: number}} Draw
 * @typedef {{commitment: string, seed: string | null, draws?: Draw[]}} Lottery
 * @typedef {{seconds: number, commitment: string, key: string | null}} Windows
 * @typedef {object} Room what an event says of its order
 * @property {string} state
 * @property {"arrival" | "lottery" | "windows"} [fairness]
 * @property {Lottery} [lottery]
 * @property {Windows} [windows]
 */

/** Return the name of the order for who joins now, as texts have it. @param {Room | null} room */
export function orderOf(room) {
  const { fairness = "arrival", state = "", lottery } = room ?? {};
  if (fairness === "windows") return state === "scheduled" ? "windowsSoon" : "windows";
  if (fairness !== "lottery") return "arrival";
  return state === "drawing" ? "drawing" : lottery?.seed ? "drawn" : "lottery";
}

/** Return whether a place has no number yet. @param {{number: number | null} | null} place @returns {place is {number: null}} */
export function isUndrawn(place) {
  return place?.number === null;
}

/**
 * Return what a place without a number waits for, as texts have it: a lottery, its drawing, the end
 * of its window, the share of its address block, or a number that comes in a moment.
 * @param {Room | null} room @param {{window?: number, deferred?: boolean}} place
 */
export function undrawnOf(room, { window = 0, deferred = false }) {
  if (deferred) return "deferred";
  const { fairness = "arrival", state = "" } = room ?? {};
  if (window) return fairness === "windows" ? "window" : "soon";
  if (state === "scheduled" || orderOf(room) === "lottery") return "lottery";
  return state === "drawing" || fairness === "lottery" ? "drawing" : "soon";
}

/** Return a text with the length of a window. @param {string} text @param {Room | null} room */
export function withSeconds(text, room) {
  return text.replace("{seconds}", String(room?.windows?.seconds ?? 2));
}
