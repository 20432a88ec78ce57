// The geometry of a section: where its seats are and which is next to which, in seats. Pure.

import { seatId } from "./seat-inventory.js";

/**
 * @typedef {{id: string, row: string, number: number, x: number, y: number}} Seat
 * @typedef {{name: string, y: number, seats: Seat[]}} Row
 * @typedef {{left: number, top: number, width: number, height: number}} Box
 * @typedef {{rows: Row[], seats: Map<string, Seat>, box: Box, middle: number, front: number}} Plan
 */

const NAMES_WIDTH = 1.2; // for the rows' names, left and right
const STAGE_HEIGHT = 1.9; // for the stage, at the front
const EDGE_WIDTH = 0.75; // from a seat's middle to the end of the plan

/** Return the plan of a section. @param {import("./seat-inventory.js").Section} section @returns {Plan} */
export function planOf({ id, rows: charted = [] }) {
  const rows = charted.map(({ name, seats }) => ({
    name,
    y: seats[0]?.y ?? 0,
    seats: seats.map(({ number, x, y }) => ({
      id: seatId(id, name, number),
      row: name,
      number,
      x,
      y,
    })),
  }));
  const all = rows.flatMap((row) => row.seats);
  const [left, right] = extent(all.map((seat) => seat.x));
  const [front, back] = extent(all.map((seat) => seat.y));
  const box = {
    left: left - EDGE_WIDTH - NAMES_WIDTH,
    top: front - EDGE_WIDTH - STAGE_HEIGHT,
    width: right - left + 2 * EDGE_WIDTH + 2 * NAMES_WIDTH,
    height: back - front + 2 * EDGE_WIDTH + STAGE_HEIGHT,
  };
  const seats = new Map(all.map((seat) => [seat.id, seat]));
  return { rows, seats, box, middle: (left + right) / 2, front };
}

/**
 * Return the seat that an arrow key leads to; the same one where there is none.
 * @param {Plan} plan @param {string} from @param {string} key
 */
export function nextSeat({ rows, seats }, from, key) {
  const seat = seats.get(from);
  if (!seat) return from;
  const at = rows.findIndex((row) => row.name === seat.row);
  const inRow = rows[at].seats;
  const column = inRow.findIndex((other) => other.id === from);
  /** @type {Record<string, () => Seat | undefined>} */
  const seatByKey = {
    ArrowLeft: () => inRow[column - 1],
    ArrowRight: () => inRow[column + 1],
    ArrowUp: () => nearest(rows[at - 1], seat.x),
    ArrowDown: () => nearest(rows[at + 1], seat.x),
    Home: () => inRow[0],
    End: () => inRow.at(-1),
  };
  return seatByKey[key]?.()?.id ?? from;
}

/** Return the seat from which arrows begin: the middle of the front row. @param {Plan} plan */
export function firstSeat({ rows, middle }) {
  return nearest(rows[0], middle)?.id ?? "";
}

/** @param {Row | undefined} row @param {number} x */
function nearest(row, x) {
  if (!row?.seats.length) return undefined;
  return row.seats.reduce((least, seat) =>
    Math.abs(seat.x - x) < Math.abs(least.x - x) ? seat : least,
  );
}

/** Return the least and the greatest; zeros for none. @param {number[]} numbers */
function extent(numbers) {
  let [least, most] = [Infinity, -Infinity];
  for (const number of numbers) {
    if (number < least) least = number;
    if (number > most) most = number;
  }
  return numbers.length ? [least, most] : [0, 0];
}

/**
 * Return the next seat of a plan, row by row and around its end, for which a test holds; the same
 * seat where there is none.
 * @param {Plan} plan @param {string} id @param {(id: string) => boolean} test
 */
export function nextWhere({ seats }, id, test) {
  const ids = [...seats.keys()];
  const at = ids.indexOf(id);
  return [...ids.slice(at + 1), ...ids.slice(0, at)].find(test) ?? id;
}
