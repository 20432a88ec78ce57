// The looks of a section's seats: one byte a seat, which a drawing reads without asking again.

import { sectionOf } from "../seats/seat-inventory.js";

/**
 * @typedef {import("../seats/seat-inventory.js").SeatState | "chosen" | "mine" | "lost" | "apart"} SeatAppearance
 * @typedef {import("../plan/geometry.js").Row} Row
 */

/** @type {SeatAppearance[]} a byte is the index in this list */
export const LOOKS = ["free", "held", "sold", "closed", "unknown", "chosen", "mine", "lost", "apart"];
const NUMBER_OF = new Map(LOOKS.map((look, number) => [look, number]));

/** The looks of one section. */
export class SectionLooks {
  #section;
  #plan;
  #appearanceOf;
  #bytes;

  /**
   * @param {string} section
   * @param {import("../plan/geometry.js").Plan} plan
   * @param {(seat: string) => SeatAppearance} appearanceOf
   */
  constructor(section, plan, appearanceOf) {
    this.#section = section;
    this.#plan = plan;
    this.#appearanceOf = appearanceOf;
    this.#bytes = new Uint8Array(plan.list.length);
    this.kinds = new Set(plan.list.map(({ kind }) => kind));
    this.updateAll();
  }

  /** Ask for the looks of these seats again; those of other sections are left out. @param {Iterable<string>} seats */
  update(seats) {
    for (const id of seats) {
      const seat = sectionOf(id) === this.#section && this.#plan.seats.get(id);
      if (seat) this.#updateSeat(seat);
    }
  }

  /** Ask for every look again. */
  updateAll() {
    for (const seat of this.#plan.list) this.#updateSeat(seat);
  }

  /** @param {import("../plan/geometry.js").Seat} seat */
  #updateSeat({ id, index }) {
    this.#bytes[index] = NUMBER_OF.get(this.#appearanceOf(id)) ?? 0;
  }

  /** Return the number of a seat's look. @param {number} index */
  at(index) {
    return this.#bytes[index];
  }

  /** Return which share of the seats from one index to before another is free. @param {number} from @param {number} to */
  freeShare(from, to) {
    let free = 0;
    for (let index = from; index < to; index += 1) if (this.#bytes[index] === 0) free += 1;
    return to > from ? free / (to - from) : 0;
  }

  /** Return the looks that occur. */
  occurring() {
    const numbers = new Set(this.#bytes);
    return new Set(LOOKS.filter((_, number) => numbers.has(number)));
  }
}

/** Return the looks and the kinds that occur in some sections. @param {SectionLooks[]} sections */
export function occurringIn(sections) {
  return {
    looks: new Set(sections.flatMap((one) => [...one.occurring()])),
    kinds: new Set(sections.flatMap((one) => [...one.kinds])),
  };
}

/**
 * Return the seats that two maps show differently.
 * @param {Map<string, SeatAppearance>} a @param {Map<string, SeatAppearance>} b
 */
export function differences(a, b) {
  return [...new Set([...a.keys(), ...b.keys()])].filter((seat) => a.get(seat) !== b.get(seat));
}
