// The house as far as it is known: the chart, a snapshot of it, and every change since.

/**
 * @typedef {{amount: number, currency: string}} Price
 * @typedef {{number: number, x: number, y: number}} ChartSeat
 *
 * @typedef {object} Section
 * @property {string} id
 * @property {string} show
 * @property {string} name
 * @property {"seated" | "standing"} kind
 * @property {Price} price
 * @property {{name: string, seats: ChartSeat[]}[]} [rows] front first
 * @property {number} [capacity]
 *
 * @typedef {"free" | "held" | "sold" | "closed" | "unknown"} SeatState
 * @typedef {{version: number, free: number, seats: Map<string, SeatState>}} Known
 * @typedef {{version: number, free: number, rows?: Record<string, string>}} Availability
 * @typedef {{section: string, from: number, to: number, free: number,
 *   changes?: [string, SeatState][]}} Delta
 */

/** What the characters of a row mean. @type {Record<string, SeatState>} */
const STATES = { ".": "free", h: "held", s: "sold", x: "closed" };

/** The sections of an event and the state of every seat. */
export class House {
  /** @type {Map<string, Section>} */ #sections;
  /** @type {Map<string, Known>} */ #known = new Map();

  /** @param {Section[]} sections as the chart lists them */
  constructor(sections) {
    this.sections = sections;
    this.#sections = new Map(sections.map((section) => [section.id, section]));
  }

  /** @param {string} id */
  section(id) {
    return this.#sections.get(id);
  }

  /** The state of a seat. @param {string} seat @returns {SeatState} */
  stateOf(seat) {
    return this.#known.get(sectionOf(seat))?.seats.get(seat) ?? "unknown";
  }

  /** How many places of a section are free; null while nobody has said so. @param {string} id */
  free(id) {
    return this.#known.get(id)?.free ?? null;
  }

  /** Take a snapshot. @param {Record<string, Availability>} sections */
  snapshot(sections) {
    for (const [id, { version, free, rows = {} }] of Object.entries(sections)) {
      this.#known.set(id, { version, free, seats: this.#seatsOf(id, rows) });
    }
  }

  /**
   * Take a change; the seats that it changes, or null when it does not follow what is known.
   * @param {Delta} delta
   */
  delta({ section, from, to, free, changes = [] }) {
    const known = this.#known.get(section);
    if (known?.version !== from) return null;
    known.version = to;
    known.free = free;
    for (const [seat, state] of changes) known.seats.set(seat, state);
    return changes.map(([seat]) => seat);
  }

  /** @param {string} id @param {Record<string, string>} rows */
  #seatsOf(id, rows) {
    /** @type {Map<string, SeatState>} */
    const seats = new Map();
    for (const { name, seats: inRow } of this.#sections.get(id)?.rows ?? []) {
      const marks = rows[name] ?? "";
      inRow.forEach(({ number }, at) =>
        seats.set(seatId(id, name, number), STATES[marks[at]] ?? "unknown"),
      );
    }
    return seats;
  }
}

/** @param {string} section @param {string} row @param {number} number */
export function seatId(section, row, number) {
  return `${section}.${row}-${number}`;
}

/** The section of a seat, by its name. @param {string} seat */
export function sectionOf(seat) {
  return seat.slice(0, seat.indexOf("."));
}

/** Row and number of a seat, by its name. @param {string} seat */
export function placeOf(seat) {
  const [row, number] = seat.slice(seat.indexOf(".") + 1).split("-");
  return { row, number: Number(number) };
}
