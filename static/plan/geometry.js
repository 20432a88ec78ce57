// The geometry of a section: where its seats are and which is next to which, in seats. Pure.

import { seatId } from "../seats/seat-inventory.js";

/**
 * A seat lies at x and y in the plane of its section; along and depth are the same before rows bend.
 * @typedef {{id: string, row: string, number: number, kind: string, index: number,
 *   x: number, y: number, along: number, depth: number}} Seat
 * @typedef {{name: string, front: number, back: number, seats: Seat[]}} Row
 * @typedef {{left: number, top: number, width: number, height: number}} Box
 * @typedef {{rows: Row[], readonly seats: Map<string, Seat>, list: Seat[], box: Box, straight: Box,
 *   middle: number, curve: number}} Plan `seats`: by id, made when it is first asked for, since of most
 *   sections nobody looks at a seat; `straight`: around the seats before rows bend
 */

export const NAMES_WIDTH = 1.2; // for the rows' names, left and right
const EDGE_WIDTH = 0.75; // from a seat's middle to the end of the plan
const AISLE_WIDTH = 1;
const ARC_STEPS = 16; // straight pieces that a row of any length is drawn by

/** Return the plan of a section. @param {import("../seats/seat-inventory.js").Section} section @returns {Plan} */
export function planOf({ id, rows: charted = [], curve = 0, aisles = [] }) {
  /** @type {Seat[]} */
  const list = [];
  const shift = aisleShift(aisles);
  const rows = charted.map(({ name, seats }) => {
    const drawn = seats.map(({ number, x, y, kind = "standard" }) => {
      const along = x + shift(number);
      const bent = bend(along, y, curve);
      const seat = { id: seatId(id, name, number), row: name, number, kind, index: list.length, along, depth: y, x: bent.x, y: bent.y };
      list.push(seat);
      return seat;
    });
    const [front, back] = extent(drawn, "depth");
    return { name, front, back, seats: drawn };
  });
  const around = boxOf(list, "x", "y");
  const box = { ...around, left: around.left - NAMES_WIDTH, width: around.width + 2 * NAMES_WIDTH };
  const straight = boxOf(list, "along", "depth");
  /** @type {Map<string, Seat> | undefined} */
  let byId;
  return {
    rows,
    get seats() {
      return (byId ??= new Map(list.map((seat) => [seat.id, seat])));
    },
    list,
    box,
    straight,
    middle: around.left + around.width / 2,
    curve,
  };
}

/** @typedef {"x" | "y" | "along" | "depth"} Coordinate of a seat */

/** Return the box around seats in these coordinates. @param {Seat[]} seats @param {Coordinate} across @param {Coordinate} down @returns {Box} */
function boxOf(seats, across, down) {
  const [left, right] = extent(seats, across);
  const [top, bottom] = extent(seats, down);
  return {
    left: left - EDGE_WIDTH,
    top: top - EDGE_WIDTH,
    width: right - left + 2 * EDGE_WIDTH,
    height: bottom - top + 2 * EDGE_WIDTH,
  };
}

/** Return the corners of what rows take up, around it. @param {Pick<Plan, "straight" | "curve">} plan */
export function outlineOf({ straight: { left, top, width, height }, curve }) {
  const count = curve ? ARC_STEPS : 1;
  const steps = Array.from({ length: count + 1 }, (_, step) => left + (width * step) / count);
  return [
    ...steps.map((along) => bend(along, top, curve)),
    ...steps.reverse().map((along) => bend(along, top + height, curve)),
  ];
}

/**
 * Return the place of a point of straight rows once they bend around a point in front of them.
 * @param {number} along @param {number} depth @param {number} curve radius of the front row; 0: straight
 */
export function bend(along, depth, curve) {
  if (!curve) return { x: along, y: depth };
  const radius = curve + depth;
  const angle = along / radius;
  return { x: radius * Math.sin(angle), y: radius * Math.cos(angle) - curve };
}

/** Return the point of straight rows that bends to a place. @param {number} x @param {number} y @param {number} curve */
export function unbend(x, y, curve) {
  if (!curve) return { along: x, depth: y };
  const radius = Math.hypot(x, y + curve);
  return { along: Math.atan2(x, y + curve) * radius, depth: radius - curve };
}

/** Return the seat at a place in the plane of a section. @param {Plan} plan @param {number} x @param {number} y */
export function seatAt({ rows, curve }, x, y) {
  const { along, depth } = unbend(x, y, curve);
  for (const row of rows) {
    if (depth < row.front - 0.5 || depth > row.back + 0.5) continue;
    const seat = row.seats[firstFrom(row.seats, along - 0.5)];
    if (seat && Math.abs(seat.along - along) <= 0.5 && Math.abs(seat.depth - depth) <= 0.5)
      return seat;
  }
  return undefined;
}

/**
 * Return the index of the first seat of a row that is not left of a point, by bisection.
 * @param {Seat[]} seats @param {number} along
 */
export function firstFrom(seats, along) {
  let [low, high] = [0, seats.length];
  while (low < high) {
    const half = (low + high) >> 1;
    if (seats[half].along < along) low = half + 1;
    else high = half;
  }
  return low;
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
  const column = inRow.indexOf(seat);
  /** @type {Record<string, () => Seat | undefined>} */
  const seatByKey = {
    ArrowLeft: () => inRow[column - 1],
    ArrowRight: () => inRow[column + 1],
    ArrowUp: () => nearest(rows[at - 1], seat.along),
    ArrowDown: () => nearest(rows[at + 1], seat.along),
    Home: () => inRow[0],
    End: () => inRow.at(-1),
  };
  return seatByKey[key]?.()?.id ?? from;
}

/** Return the seat from which arrows begin: the middle of the front row. @param {Plan} plan */
export function firstSeat({ rows, middle }) {
  return nearest(rows[0], middle)?.id ?? "";
}

/**
 * Return the next seat of a plan, row by row and around its end, for which a test holds; the same
 * seat where there is none.
 * @param {Plan} plan @param {string} id @param {1 | -1} step @param {(seat: Seat) => boolean} test
 */
export function nextWhere({ list, seats }, id, step, test) {
  const from = seats.get(id)?.index ?? 0;
  for (let away = 1; away < list.length; away += 1) {
    const seat = list[(from + step * away + list.length) % list.length];
    if (test(seat)) return seat.id;
  }
  return id;
}

/** Return by how much aisles move the seat of a number; the row stays centred. @param {number[]} aisles */
function aisleShift(aisles) {
  if (aisles.length === 0) return () => 0;
  return (/** @type {number} */ number) =>
    AISLE_WIDTH * (aisles.filter((after) => number > after).length - aisles.length / 2);
}

/** @param {Row | undefined} row @param {number} along */
function nearest(row, along) {
  if (!row?.seats.length) return undefined;
  return row.seats.reduce((least, seat) =>
    Math.abs(seat.along - along) < Math.abs(least.along - along) ? seat : least,
  );
}

/** Return the least and the greatest coordinate of seats; zeros for none. @param {Seat[]} seats @param {Coordinate} coordinate */
function extent(seats, coordinate) {
  let [least, most] = [Infinity, -Infinity];
  for (const seat of seats) {
    const at = seat[coordinate];
    if (at < least) least = at;
    if (at > most) most = at;
  }
  return seats.length ? [least, most] : [0, 0];
}
