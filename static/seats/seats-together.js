// Seats together: which free seats go with one that was picked, which are left alone, the best of a house. Pure.

/** @typedef {{id: string, along: number}} RowSeat */

const SIDE_BY_SIDE = 1.01; // from seat to seat; an aisle is wider

/**
 * Return so many free seats side by side, one of which was picked; none where there is no such
 * block. A block that leaves no single free seat beside it comes first, then the one in which the
 * picked seat is nearest to the middle.
 * @param {RowSeat[]} row in order @param {string} picked @param {number} count
 * @param {(seat: string) => boolean} isFree
 */
export function seatsTogether(row, picked, count, isFree) {
  const at = row.findIndex(({ id }) => id === picked);
  if (at < 0 || !isFree(picked)) return [];
  const [first, last] = freeRun(row, at, isFree);
  /** @type {{start: number, cost: number}[]} */
  const blocks = [];
  for (let start = Math.max(first, at - count + 1); start <= Math.min(at, last - count + 1); start += 1) {
    const orphans = Number(start - first === 1) + Number(last - (start + count - 1) === 1);
    blocks.push({ start, cost: orphans * 100 + Math.abs(start + (count - 1) / 2 - at) });
  }
  const best = blocks.sort((a, b) => a.cost - b.cost)[0];
  return best ? row.slice(best.start, best.start + count).map(({ id }) => id) : [];
}

/**
 * Return the free seats of a row that a selection leaves alone: beside a chosen seat, with no free one
 * beside them.
 * @param {RowSeat[]} row in order @param {(seat: string) => boolean} isFree
 * @param {(seat: string) => boolean} isChosen
 */
export function singleSeats(row, isFree, isChosen) {
  const beside = (/** @type {number} */ at) =>
    [at - 1, at + 1].filter((other) => row[other] && Math.abs(row[other].along - row[at].along) <= SIDE_BY_SIDE);
  return row
    .filter((seat, at) => {
      const neighbours = beside(at).map((other) => row[other].id);
      return isFree(seat.id) && neighbours.some(isChosen) && !neighbours.some(isFree);
    })
    .map(({ id }) => id);
}

/**
 * Return the seats of a row that may be taken, but not so many of them side by side.
 * @param {RowSeat[]} row in order @param {number} count @param {(seat: string) => boolean} isFree
 */
export function seatsApart(row, count, isFree) {
  /** @type {string[]} */
  const apart = [];
  for (let at = 0; at < row.length; at += 1) {
    if (!isFree(row[at].id)) continue;
    const [, last] = freeRun(row, at, isFree);
    if (last - at + 1 < count) apart.push(...row.slice(at, last + 1).map(({ id }) => id));
    at = last;
  }
  return apart;
}

/**
 * Return blocks of so many free seats side by side, one of each row, the best first: the dearest
 * price, no single seat left beside it, the front, the middle; with a distance from a focal point the
 * nearest instead of front and middle.
 * @template {RowSeat} S
 * @param {{amount: number, rows: {seats: S[]}[], distanceOf?: (seat: S) => number}[]} sections @param {number} count @param {(seat: S) => boolean} isFree
 */
export function bestBlocks(sections, count, isFree) {
  const found = sections.flatMap(({ amount, rows, distanceOf }) =>
    rows.flatMap(({ seats }, row) => {
      const block = bestOfRow(seats, { count, isFree, distanceOf });
      return block ? [{ ...block, amount, row: distanceOf ? block.away : row }] : [];
    }),
  );
  found.sort((a, b) => b.amount - a.amount || a.orphans - b.orphans || a.row - b.row || a.away - b.away);
  return found.map(({ start, count: n, seats }) => seats.slice(start, start + n).map(({ id }) => id));
}

/** @template {RowSeat} S @param {S[]} seats @param {{count: number, isFree: (seat: S) => boolean, distanceOf?: (seat: S) => number}} wanted */
function bestOfRow(seats, { count, isFree, distanceOf }) {
  const free = seats.map(isFree);
  const joins = (/** @type {number} */ left) =>
    Boolean(free[left] && free[left + 1]) && seats[left + 1].along - seats[left].along <= SIDE_BY_SIDE;
  let best = null;
  let run = 0; // free seats side by side up to here
  for (let at = 0; at < seats.length; at += 1) {
    run = free[at] ? (joins(at - 1) ? run + 1 : 1) : 0;
    if (run < count) continue;
    const start = at - count + 1;
    const isSingle = (/** @type {boolean} */ has, /** @type {boolean} */ hasMore) => Number(has && !hasMore);
    const orphans =
      isSingle(joins(start - 1), joins(start - 2)) + isSingle(joins(at), joins(at + 1));
    const away = distanceOf ? distanceOf(seats[(start + at) >> 1]) : Math.abs(start + at - (seats.length - 1));
    if (!best || orphans < best.orphans || (orphans === best.orphans && away < best.away))
      best = { start, count, seats, orphans, away };
  }
  return best;
}

/**
 * Return the first and the last index of the free seats side by side around one.
 * @param {RowSeat[]} row @param {number} at @param {(seat: string) => boolean} isFree
 */
function freeRun(row, at, isFree) {
  const joins = (/** @type {number} */ left) =>
    isFree(row[left].id) && isFree(row[left + 1].id) && row[left + 1].along - row[left].along <= SIDE_BY_SIDE;
  let [first, last] = [at, at];
  while (first > 0 && joins(first - 1)) first -= 1;
  while (last < row.length - 1 && joins(last)) last += 1;
  return [first, last];
}
