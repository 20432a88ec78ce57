// Asks the server how a hold or a booking is, when news of it should have come and has not.

import { Problem, request } from "../lib/api.js";

/**
 * @typedef {import("./booking-state.js").Booking} Booking
 * @typedef {import("./booking-state.js").Hold} Hold
 */

const POLL_MS = 5_000;

/** Asks of one event, never the same poll twice at a time. */
export class StatusPoll {
  #event;
  #onBooking;
  #onHold;
  #polledAt = Date.now();
  #polling = false;

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
  postpone() {
    this.#polledAt = Date.now();
  }

  /** Ask, when it has been quiet for a while. @param {() => Promise<void>} poll */
  whenQuiet(poll) {
    if (Date.now() - this.#polledAt >= POLL_MS) void poll();
  }

  /** How is that booking? @param {string} id */
  booking(id) {
    return this.#once(async () => {
      this.#onBooking((await request("GET", `/api/v1/bookings/${encodeURIComponent(id)}`)).booking);
    });
  }

  /** How is that hold? @param {string} id */
  hold(id) {
    return this.#once(async () => {
      const path = `/api/v1/events/${this.#event}/holds/${encodeURIComponent(id)}`;
      try {
        const answer = await request("GET", path);
        this.#onHold(id, answer.hold ?? answer);
      } catch (problem) {
        if (problem instanceof Problem && [404, 410].includes(problem.status))
          this.#onHold(id, null);
      }
    });
  }

  /** @param {() => Promise<void>} poll */
  async #once(poll) {
    if (this.#polling) return;
    this.#polling = true;
    this.postpone();
    try {
      await poll();
    } catch {
      // it is asked again when it has been quiet for a while
    } finally {
      this.#polling = false;
    }
  }
}
