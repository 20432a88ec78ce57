// The seats apart: free ones that have fewer free seats beside them than shall be together.

import { rowOf } from "../plan/house-plan.js";
import { sectionOf } from "../seats/seat-inventory.js";
import { seatsApart } from "../seats/seats-together.js";

/**
 * @typedef {import("../plan/house-plan.js").House} House
 * @typedef {import("../plan/geometry.js").Row} Row
 * @typedef {{house: House | null, count: number, isTakeable: (seat: string) => boolean}} Wanted
 */

/** The seats apart of one house, kept as seats change. */
export class SeatsApart {
  /** @type {Map<string, Set<string>>} by section */ #apart = new Map();
  /** @type {House | null} */ #house = null;
  #count = 1; // seats together; 1: none is apart

  /** Return whether a seat is apart. @param {string} seat */
  has(seat) {
    return this.#count > 1 && Boolean(this.#apart.get(sectionOf(seat))?.has(seat));
  }

  /** Return whether all free seats of a section are apart. @param {string} section @param {number | null} free how many there are */
  areAll(section, free) {
    const { size = 0 } = this.#apart.get(section) ?? {};
    return size > 0 && size >= (free ?? Infinity);
  }

  /**
   * Find them anew in the rows of these seats; everywhere for null, in another house, or for another
   * count. Return the seats that are apart now and were not, or the other way round.
   * @param {Wanted} wanted @param {string[] | null} seats
   */
  update({ house, count, isTakeable }, seats) {
    const isNew = house !== this.#house;
    const isEverywhere = seats === null || isNew || count !== this.#count;
    if (!house || (count === 1 && this.#count === 1 && !isNew)) return [];
    if (isNew) this.#apart.clear();
    [this.#house, this.#count] = [house, count];
    const rows = isEverywhere
      ? house.placed.flatMap(({ plan }) => plan.rows)
      : new Set((seats ?? []).flatMap((seat) => rowOf(house, seat) ?? []));
    return [...rows].flatMap((row) => this.#updateRow(row, isTakeable));
  }

  /** @param {Row} row @param {(seat: string) => boolean} isTakeable */
  #updateRow({ seats }, isTakeable) {
    if (!seats.length) return [];
    const section = sectionOf(seats[0].id);
    const apart = this.#apart.get(section) ?? new Set();
    this.#apart.set(section, apart);
    const now = new Set(this.#count > 1 ? seatsApart(seats, this.#count, ({ id }) => isTakeable(id)) : []);
    const changed = seats.filter(({ id }) => now.has(id) !== apart.has(id)).map(({ id }) => id);
    for (const id of changed) apart[now.has(id) ? "add" : "delete"](id);
    return changed;
  }
}
