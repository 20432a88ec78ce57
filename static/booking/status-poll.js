// Asks the server how a hold or a booking is, when news of it should have come and has not.

import { ask, Problem } from "../lib/api.js";

/**
 * @typedef {import("./booking-state.js").Booking} Booking
 * @typedef {import("./booking-state.js").Hold} Hold
 */

const QUIET_MS = 5_000;

/** Asks of one event, never the same question twice at a time. */
export class Inquiry {
  #event;
  #onBooking;
  #onHold;
  #askedAt = Date.now();
  #asking = false;

  /**
   * @param {string} event
   * @param {object} listener
   * @param {(booking: Booking) => void} listener.onBooking
   * @param {(id: string, hold: Hold | null) => void} listener.onHold null when it is over
   */
  constructor(event, { onBooking, onHold }) {
    this.#event = encodeURIComponent(event);
    this.#onBooking = onBooking;
    this.#onHold = onHold;
  }

  /** There has been news: nothing is to be asked for a while. */
  heard() {
    this.#askedAt = Date.now();
  }

  /** Ask, when it has been quiet for a while. @param {() => Promise<void>} question */
  whenQuiet(question) {
    if (Date.now() - this.#askedAt >= QUIET_MS) void question();
  }

  /** How is that booking? @param {string} id */
  booking(id) {
    return this.#once(async () => {
      this.#onBooking((await ask("GET", `/api/v1/bookings/${encodeURIComponent(id)}`)).booking);
    });
  }

  /** How is that hold? @param {string} id */
  hold(id) {
    return this.#once(async () => {
      const path = `/api/v1/events/${this.#event}/holds/${encodeURIComponent(id)}`;
      try {
        const answer = await ask("GET", path);
        this.#onHold(id, answer.hold ?? answer);
      } catch (problem) {
        if (problem instanceof Problem && [404, 410].includes(problem.status))
          this.#onHold(id, null);
      }
    });
  }

  /** @param {() => Promise<void>} question */
  async #once(question) {
    if (this.#asking) return;
    this.#asking = true;
    this.heard();
    try {
      await question();
    } catch {
      // it is asked again when it has been quiet for a while
    } finally {
      this.#asking = false;
    }
  }
}
