// The selection of seats and standing places to hold: a selection in, a new one out. Pure.

/**
 * @typedef {{section: string, quantity: number}} Standing places
 *
 * @typedef {object} Selection
 * @property {string[]} seats chosen, in the order of choosing
 * @property {string[]} lost chosen before, and taken by another visitor since
 * @property {Standing | null} standing places chosen beside the seats
 * @property {boolean} limitReached whether one seat too many was picked
 */

/** The selection without a seat. @type {Selection} */
export const EMPTY_SELECTION = Object.freeze({ seats: [], lost: [], standing: null, limitReached: false });

/** Return how many places are selected. @param {Selection} selection */
export function countOf({ seats, standing }) {
  return seats.length + (standing?.quantity ?? 0);
}

/**
 * Add a seat, or remove it when it is in. Return the new selection.
 * @param {Selection} selection @param {string} seat @param {number} ticketsMax
 * @returns {Selection}
 */
export function toggleSeat(selection, seat, ticketsMax) {
  const { seats, standing } = selection;
  const next = { seats, lost: [], standing, limitReached: false };
  if (seats.includes(seat)) return { ...next, seats: seats.filter((s) => s !== seat) };
  if (countOf(selection) >= ticketsMax) return { ...next, limitReached: true };
  return { ...next, seats: [...seats, seat] };
}

/**
 * Replace the selected seats beside the standing places, within the limit. Return the new selection.
 * @param {Selection} selection @param {string[]} seats @param {number} ticketsMax
 * @returns {Selection}
 */
export function replaceSeats(selection, seats, ticketsMax) {
  const next = { ...selection, lost: [], limitReached: false };
  const fits = seats.length + (selection.standing?.quantity ?? 0) <= ticketsMax;
  return fits ? { ...next, seats } : { ...next, limitReached: true };
}

/**
 * Move seats that are taken to `lost`. Return the same object when none of them was chosen.
 * @param {Selection} selection @param {string[]} taken
 * @returns {Selection}
 */
export function withoutTaken(selection, taken) {
  const lost = selection.seats.filter((seat) => taken.includes(seat));
  if (lost.length === 0) return selection;
  return {
    ...selection,
    seats: selection.seats.filter((seat) => !taken.includes(seat)),
    lost: [...new Set([...selection.lost, ...lost])],
    limitReached: false,
  };
}
