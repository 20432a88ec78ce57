// The best seats of a house for a party: a block at a time, and on demand the next best.

import { toHouse } from "../plan/house-plan.js";
import { isWanted } from "../seats/seat-filters.js";
import { bestBlocks } from "../seats/seats-together.js";

/**
 * @typedef {import("../plan/house-plan.js").House} House
 * @typedef {import("../seats/seat-inventory.js").SeatInventory} SeatInventory
 */

/** The best seats, and which of them were suggested last. */
export class BestSeats {
  /** @type {string[]} */ #suggested = [];

  /** Return whether exactly what was suggested last is chosen. @param {Map<string, string>} overrides by seat */
  areChosen(overrides) {
    const chosen = [...overrides].filter(([, shown]) => shown === "chosen").map(([seat]) => seat);
    return chosen.length > 0 && chosen.join() === this.#suggested.join();
  }

  /**
   * Return the best seats; while those of the last time are chosen, the next best. Undefined: none.
   * @param {{house: House | null, inventory: SeatInventory, count: number, areChosen: boolean}} party
   * @param {(seat: string) => boolean} isTakeable
   */
  next({ house, inventory, count, areChosen }, isTakeable) {
    const placed = (house?.placed ?? []).filter(({ section }) => isWanted(section, inventory, count));
    const blocks = bestBlocks(placed.map(rowsOf), count, ({ id, kind }) => kind === "standard" && isTakeable(id));
    const at = areChosen ? blocks.findIndex((block) => block.join() === this.#suggested.join()) : -1;
    const seats = blocks[(at + 1) % blocks.length];
    if (seats) this.#suggested = seats;
    return seats;
  }
}

/** Return the rows of a section, and where it has a focal point how far from that a seat is. @param {import("../plan/house-plan.js").Placed} placed */
function rowsOf(placed) {
  const { section, plan } = placed;
  const { focus } = section;
  const distanceOf = (/** @type {import("../plan/geometry.js").Seat} */ seat) => {
    const { x, y } = toHouse(placed, seat.x, seat.y);
    return focus ? Math.hypot(x - focus[0], y - focus[1]) : 0;
  };
  return { amount: section.price.amount, rows: plan.rows, distanceOf: focus && distanceOf };
}
