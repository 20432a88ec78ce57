// The choice of seats on the operators' map: what a drawn line or two corners enclose. Pure.

/**
 * @typedef {{x: number, y: number}} Point
 * @typedef {{id: string} & Point} SeatPoint
 */

/** Return the seats inside of a line that closes by itself (even–odd rule). @param {SeatPoint[]} seats @param {Point[]} line */
export function seatsInside(seats, line) {
  return seats.filter((seat) => isInside(seat, line)).map(({ id }) => id);
}

/** Return the corners of the rectangle between two points. @param {Point} a @param {Point} b @returns {Point[]} */
export function rectangle(a, b) {
  return [a, { x: b.x, y: a.y }, b, { x: a.x, y: b.y }];
}

/** Return the seat nearest to a point, or undefined beyond half a seat. @param {SeatPoint[]} seats @param {Point} point */
export function seatNear(seats, { x, y }) {
  return seats.find((seat) => Math.abs(seat.x - x) <= 0.5 && Math.abs(seat.y - y) <= 0.5);
}

/** @param {Point} point @param {Point[]} line */
function isInside({ x, y }, line) {
  let inside = false;
  let before = line.at(-1);
  for (const point of line) {
    if (before && point.y > y !== before.y > y) {
      const crossing = ((before.x - point.x) * (y - point.y)) / (before.y - point.y) + point.x;
      if (x < crossing) inside = !inside;
    }
    before = point;
  }
  return inside;
}
