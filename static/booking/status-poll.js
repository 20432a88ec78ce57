// The status poll: requests the status of a hold or a booking when a frame about it is overdue.

import { Problem, request } from "../lib/api.js";
import { isMoving } from "./booking-state.js";

/**
 * @typedef {import("./booking-state.js").Booking} Booking
 * @typedef {import("./booking-state.js").BookingState} BookingState
 * @typedef {import("./booking-state.js").Hold} Hold
 * @typedef {{kind: "hold" | "booking", id: string}} Target
 */

const QUIET_MS = 5_000;

/**
 * Return what to poll: a booking that moves, a hold that is being paid or whose time is over.
 * @param {BookingState} state
 * @param {boolean} isOver whether the time of the hold is over
 * @returns {Target | null}
 */
export function pollTarget({ hold, booking }, isOver) {
  if (booking && isMoving(booking)) return { kind: "booking", id: booking.id };
  if (hold?.state === "paying" && !booking) return { kind: "booking", id: hold.id };
  return hold && isOver ? { kind: "hold", id: hold.id } : null;
}

/** Polls of one event, one at a time. */
export class StatusPoll {
  #event;
  #listener;
  #polledAt = Date.now();
  #polling = false;

  /**
   * @param {string} event
   * @param {object} listener
   * @param {(booking: Booking) => void} listener.onBooking
   * @param {(hold: Hold) => void} listener.onHold
   * @param {(id: string) => void} listener.onHoldGone
   */
  constructor(event, listener) {
    this.#event = encodeURIComponent(event);
    this.#listener = listener;
  }

  /** Wait another 5 s: a frame has come. */
  postpone() {
    this.#polledAt = Date.now();
  }

  /** Poll, if there was no frame and no poll for 5 s. @param {Target | null} target */
  pollWhenQuiet(target) {
    if (!target || Date.now() - this.#polledAt < QUIET_MS) return;
    void (target.kind === "hold" ? this.pollHold(target.id) : this.pollBooking(target.id));
  }

  /** Request a booking, and report it. @param {string} id */
  pollBooking(id) {
    return this.#once(async () => {
      const answer = await request("GET", `/api/v1/bookings/${encodeURIComponent(id)}`);
      this.#listener.onBooking(answer.booking);
    });
  }

  /** Request a hold, and report it or that it is gone. @param {string} id */
  pollHold(id) {
    return this.#once(async () => {
      const path = `/api/v1/events/${this.#event}/holds/${encodeURIComponent(id)}`;
      try {
        this.#listener.onHold((await request("GET", path)).hold);
      } catch (problem) {
        if (!(problem instanceof Problem) || ![404, 410].includes(problem.status)) throw problem;
        this.#listener.onHoldGone(id);
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
      // no answer: the next quiet moment polls again
    } finally {
      this.#polling = false;
    }
  }
}
