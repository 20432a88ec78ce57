// The selection of seats to hold: a selection in, a new one out. Pure.

/**
 * @typedef {object} Selection
 * @property {string[]} seats chosen, in the order of choosing
 * @property {string[]} lost chosen before, and taken by another visitor since
 * @property {boolean} limitReached whether one seat too many was picked
 */

/** The selection without a seat. @type {Selection} */
export const EMPTY_SELECTION = Object.freeze({ seats: [], lost: [], limitReached: false });

/**
 * Add a seat, or remove it when it is in. Return the new selection.
 * @param {Selection} selection @param {string} seat @param {number} ticketsMax
 * @returns {Selection}
 */
export function toggleSeat({ seats }, seat, ticketsMax) {
  if (seats.includes(seat))
    return { seats: seats.filter((s) => s !== seat), lost: [], limitReached: false };
  if (seats.length >= ticketsMax) return { seats, lost: [], limitReached: true };
  return { seats: [...seats, seat], lost: [], limitReached: false };
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
    seats: selection.seats.filter((seat) => !taken.includes(seat)),
    lost: [...new Set([...selection.lost, ...lost])],
    limitReached: false,
  };
}
