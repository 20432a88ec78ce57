// The seats that somebody has chosen and does not hold yet: pure, a choice in, a new choice out.

/**
 * @typedef {object} Choice
 * @property {string[]} seats chosen, in the order of choosing
 * @property {string[]} lost chosen once, and taken by somebody else
 * @property {boolean} full whether one more was wanted than may be
 */

/** @type {Choice} */
export const NOTHING = Object.freeze({ seats: [], lost: [], full: false });

/**
 * Choose a seat, or choose it no more.
 * @param {Choice} choice @param {string} seat @param {number} most
 * @returns {Choice}
 */
export function toggled({ seats }, seat, most) {
  if (seats.includes(seat))
    return { seats: seats.filter((s) => s !== seat), lost: [], full: false };
  if (seats.length >= most) return { seats, lost: [], full: true };
  return { seats: [...seats, seat], lost: [], full: false };
}

/**
 * Give up seats that somebody else has taken; the others stay chosen.
 * @param {Choice} choice @param {string[]} taken
 * @returns {Choice}
 */
export function without(choice, taken) {
  const lost = choice.seats.filter((seat) => taken.includes(seat));
  if (lost.length === 0) return choice;
  return {
    seats: choice.seats.filter((seat) => !taken.includes(seat)),
    lost: [...new Set([...choice.lost, ...lost])],
    full: false,
  };
}
