// The seat inventory: the chart's sections, and the state of every seat from a snapshot and deltas.

/**
 * @typedef {{amount: number, currency: string}} Price
 * @typedef {{number: number, x: number, y: number, kind?: string}} ChartSeat
 *
 * @typedef {object} Section
 * @property {string} id
 * @property {string} show
 * @property {string} name
 * @property {"seated" | "standing"} kind
 * @property {Price} price
 * @property {{name: string, seats: ChartSeat[]}[]} [rows] front first
 * @property {number} [capacity]
 * @property {string} [view] path of a picture of what is seen from there
 *
 * @typedef {"free" | "held" | "gone" | "unknown"} Stock
 * @typedef {"free" | "held" | "sold" | "closed" | "unknown"} SeatState
 * @typedef {{version: number, free: number, rows: Map<string, SeatState[]>}} SectionState seats of a row by number
 * @typedef {{version: number, free: number, rows?: Record<string, string>}} Availability
 * @typedef {{section: string, from: number, to: number, free: number,
 *   changes?: [string, SeatState][]}} Delta
 */

/** The state that a character of a snapshot's row stands for. @type {Record<string, SeatState>} */
const STATE_OF_MARK = { ".": "free", h: "held", s: "sold", x: "closed" };

/** The sections of an event and the state of every seat, as far as the server has sent it. */
export class SeatInventory {
  /** @type {Map<string, Section>} */ #sections;
  /** @type {Map<string, SectionState>} */ #states = new Map();

  /** @param {Section[]} sections as the chart lists them */
  constructor(sections) {
    this.sections = sections;
    this.#sections = new Map(sections.map((section) => [section.id, section]));
  }

  /** Return a section of the chart. @param {string} id */
  section(id) {
    return this.#sections.get(id);
  }

  /** Return the state of a seat. @param {string} seat @returns {SeatState} */
  stateOf(seat) {
    const state = this.#states.get(sectionOf(seat));
    if (!state) return "unknown"; // of a large house that is asked 50,000 times before the snapshot
    const { row, number } = rowAndNumberOf(seat);
    return state.rows.get(row)?.[number] ?? "unknown";
  }

  /** Return how many places of a section are free; null before a snapshot. @param {string} id */
  free(id) {
    return this.#states.get(id)?.free ?? null;
  }

  /**
   * Return the stock of a section: `free`, `held` (places may come back), `gone`, or `unknown`.
   * @param {string} id @returns {Stock}
   */
  stock(id) {
    const state = this.#states.get(id);
    if (!state) return "unknown";
    if (state.free > 0) return "free";
    if (state.rows.size === 0) return "unknown"; // standing: only the server knows
    return [...state.rows.values()].some((row) => row.includes("held")) ? "held" : "gone";
  }

  /** Return the stock of the whole event, as that of a section. @returns {Stock} */
  stockOfAll() {
    const stocks = this.sections.map(({ id }) => this.stock(id));
    for (const stock of /** @type {Stock[]} */ (["free", "unknown", "held"]))
      if (stocks.includes(stock)) return stock;
    return stocks.length ? "gone" : "unknown";
  }

  /** Return whether it is known that no place of the event is free. */
  get isAllTaken() {
    return this.sections.length > 0 && this.sections.every(({ id }) => this.free(id) === 0);
  }

  /** Replace the state of these sections. @param {Record<string, Availability>} sections */
  applySnapshot(sections) {
    for (const [id, { version, free, rows = {} }] of Object.entries(sections)) {
      this.#states.set(id, { version, free, rows: this.#rowsOf(id, rows) });
    }
  }

  /**
   * Apply a delta. Return the seats that it changes, or null when a delta before it is missing.
   * @param {Delta} delta
   */
  applyDelta({ section, from, to, free, changes = [] }) {
    const state = this.#states.get(section);
    if (state?.version !== from) return null;
    state.version = to;
    state.free = free;
    for (const [seat, seatState] of changes) {
      const { row, number } = rowAndNumberOf(seat);
      const seats = state.rows.get(row);
      if (seats) seats[number] = seatState;
    }
    return changes.map(([seat]) => seat);
  }

  /** @param {string} id @param {Record<string, string>} marked */
  #rowsOf(id, marked) {
    /** @type {Map<string, SeatState[]>} */
    const rows = new Map();
    for (const { name, seats } of this.#sections.get(id)?.rows ?? []) {
      const marks = marked[name] ?? "";
      /** @type {SeatState[]} */
      const states = [];
      seats.forEach(({ number }, at) => (states[number] = STATE_OF_MARK[marks[at]] ?? "unknown"));
      rows.set(name, states);
    }
    return rows;
  }
}

/** Return the id of a seat. @param {string} section @param {string} row @param {number} number */
export function seatId(section, row, number) {
  return `${section}.${row}-${number}`;
}

/** Return the section in a seat's id. @param {string} seat */
export function sectionOf(seat) {
  return seat.slice(0, seat.indexOf("."));
}

/** Return the row and the number in a seat's id. @param {string} seat */
export function rowAndNumberOf(seat) {
  const dash = seat.lastIndexOf("-");
  return { row: seat.slice(seat.indexOf(".") + 1, dash), number: Number(seat.slice(dash + 1)) };
}

/** Return how many places a section has. @param {Section} section */
export function placesOf({ rows, capacity = 0 }) {
  return rows ? rows.reduce((sum, { seats }) => sum + seats.length, 0) : capacity;
}

/** Return the first section with seats, else the first of all, or "". @param {SeatInventory} inventory */
export function firstSection({ sections }) {
  return (sections.find((section) => section.kind === "seated") ?? sections[0])?.id ?? "";
}

/** Return the sections of the show that a section is of. @param {SeatInventory} inventory @param {string} id */
export function sectionsOfShow({ sections }, id) {
  const show = sections.find((section) => section.id === id)?.show;
  return sections.filter((section) => section.show === show);
}
