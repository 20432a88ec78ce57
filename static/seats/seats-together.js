// Seats together: which free seats go with one that was picked, which are left alone, the best of a house. Pure.

/**
 * @typedef {{id: string, along: number}} RowSeat
 * @typedef {[number, number]} Run first and last index of free seats side by side, as many as there are
 * @typedef {{start: number, orphans: number}} Block `orphans`: single free seats that it leaves beside it
 */

const SIDE_BY_SIDE = 1.01; // from seat to seat; an aisle is wider

/**
 * Return so many free seats side by side, one of which was picked; none where there is no such
 * block. A block that leaves no single free seat beside it comes first, then the one in which the
 * picked seat is nearest to the middle.
 * @template {RowSeat} S
 * @param {S[]} row in order @param {string} picked @param {number} count @param {(seat: S) => boolean} isFree
 */
export function seatsTogether(row, picked, count, isFree) {
  const at = row.findIndex(({ id }) => id === picked);
  const around = freeRuns(row, isFree).filter(([first, last]) => first <= at && at <= last);
  const blocks = around
    .flatMap((run) => blocksOf(run, count))
    .filter(({ start }) => start <= at && at < start + count);
  const best = bestOf(blocks, (start) => Math.abs(start + (count - 1) / 2 - at));
  return best ? idsOf(row, best.start, count) : [];
}

/**
 * Return the free seats of a row that a selection leaves alone: beside a chosen seat, with no free one
 * beside them.
 * @template {RowSeat} S
 * @param {S[]} row in order @param {(seat: S) => boolean} isFree @param {(seat: S) => boolean} isChosen
 */
export function singleSeats(row, isFree, isChosen) {
  const isChosenBeside = (/** @type {number} */ left) =>
    areSideBySide(row, left) && (isChosen(row[left]) || isChosen(row[left + 1]));
  return freeRuns(row, isFree)
    .filter(([first, last]) => first === last && (isChosenBeside(first - 1) || isChosenBeside(first)))
    .map(([at]) => row[at].id);
}

/**
 * Return the seats of a row that may be taken, but not so many of them side by side.
 * @template {RowSeat} S @param {S[]} row in order @param {number} count @param {(seat: S) => boolean} isFree
 */
export function seatsApart(row, count, isFree) {
  return freeRuns(row, isFree)
    .map(([first, last]) => ({ first, size: last - first + 1 }))
    .filter(({ size }) => size < count)
    .flatMap(({ first, size }) => idsOf(row, first, size));
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
      return block ? [{ ...block, seats, amount, row: distanceOf ? block.away : row }] : [];
    }),
  );
  found.sort((a, b) => b.amount - a.amount || a.orphans - b.orphans || a.row - b.row || a.away - b.away);
  return found.map(({ start, seats }) => idsOf(seats, start, count));
}

/** @template {RowSeat} S @param {S[]} seats @param {{count: number, isFree: (seat: S) => boolean, distanceOf?: (seat: S) => number}} wanted */
function bestOfRow(seats, { count, isFree, distanceOf }) {
  const blocks = freeRuns(seats, isFree).flatMap((run) => blocksOf(run, count));
  return bestOf(blocks, (start) => {
    const end = start + count - 1;
    return distanceOf ? distanceOf(seats[(start + end) >> 1]) : Math.abs(start + end - (seats.length - 1));
  });
}

/** Return the block with the fewest orphans, of those the nearest, with how far away that is. @param {Block[]} blocks @param {(start: number) => number} awayOf */
function bestOf(blocks, awayOf) {
  const least = Math.min(...blocks.map(({ orphans }) => orphans));
  /** @type {(Block & {away: number}) | null} */
  let best = null;
  for (const block of blocks) {
    if (block.orphans > least) continue;
    const away = awayOf(block.start);
    if (!best || away < best.away) best = { ...block, away };
  }
  return best;
}

/** Return the blocks of so many seats in a run. @param {Run} run @param {number} count @returns {Block[]} */
function blocksOf([first, last], count) {
  const starts = Array.from({ length: Math.max(0, last - first + 2 - count) }, (_, at) => first + at);
  return starts.map((start) => {
    const [left, right] = [start - first, last - (start + count - 1)];
    return { start, orphans: Number(left === 1) + Number(right === 1) };
  });
}

/** Return the runs of free seats side by side. @template {RowSeat} S @param {S[]} row @param {(seat: S) => boolean} isFree */
function freeRuns(row, isFree) {
  /** @type {Run[]} */
  const runs = [];
  row.forEach((seat, at) => {
    if (!isFree(seat)) return;
    const run = runs[runs.length - 1];
    if (run?.[1] === at - 1 && areSideBySide(row, at - 1)) run[1] = at;
    else runs.push([at, at]);
  });
  return runs;
}

/** Return whether a seat of a row and the next one are side by side. @param {RowSeat[]} row @param {number} left index */
function areSideBySide(row, left) {
  const [a, b] = [row[left], row[left + 1]];
  return Boolean(a && b) && b.along - a.along <= SIDE_BY_SIDE;
}

/** @param {RowSeat[]} row @param {number} start @param {number} count */
function idsOf(row, start, count) {
  return row.slice(start, start + count).map(({ id }) => id);
}
