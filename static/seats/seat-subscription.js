// The subscription to seat changes: keeps an inventory in step, and resubscribes after a missed change.

import { isRetryable } from "../connection/pending-commands.js";
import { waitMs } from "../lib/backoff.js";

/**
 * @typedef {import("../connection/reconnecting-socket.js").Frame} Frame
 * @typedef {import("./seat-inventory.js").SeatInventory} SeatInventory
 *
 * @typedef {object} SeatChanges
 * @property {boolean} all whether every seat may have changed
 * @property {string[]} seats otherwise the ones that have
 */

const RESYNC_MS = 250; // before a snapshot is requested again

/** The subscription of one page: one snapshot, then deltas. */
export class SeatSubscription {
  /** @type {SeatInventory | null} */ #inventory = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #sendWatch;
  #inSync = false; // whether no delta has been missed since the snapshot
  #waiting = false; // for a snapshot
  #failures = 0;

  /** @param {() => boolean} sendWatch sends `seats.watch` */
  constructor(sendWatch) {
    this.#sendWatch = sendWatch;
  }

  /** Subscribe with a new inventory. @param {SeatInventory} inventory */
  subscribe(inventory) {
    this.#inventory = inventory;
    this.#inSync = this.#waiting = false;
    this.#subscribe();
  }

  /**
   * Subscribe, if that is due. A hidden page sends nothing: to the queue, every command is a sign
   * that the visitor is present.
   */
  onVisible() {
    this.#subscribe();
  }

  /**
   * Handle a frame. Return the seats that it changes, or null.
   * @param {Frame} frame
   * @param {string | null} command the type of the command that the frame answers
   * @returns {SeatChanges | null}
   */
  handleFrame(frame, command) {
    if (frame.type === "welcome") this.#reset();
    else if (frame.type === "seats.snapshot") return this.#snapshot(frame);
    else if (frame.type === "seats.delta") return this.#delta(frame);
    else if (frame.type === "error" && command === "seats.watch") this.#retry(frame.problem.code);
    return null;
  }

  #reset() {
    this.#inSync = this.#waiting = false;
    this.#failures = 0;
    this.#subscribe();
  }

  #subscribe() {
    clearTimeout(this.#timer);
    if (!this.#inventory || this.#inSync || this.#waiting) return;
    if (document.visibilityState === "visible") this.#waiting = this.#sendWatch();
  }

  /** @param {number} ms */
  #subscribeIn(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#subscribe(), ms);
  }

  /** @param {Frame} frame */
  #snapshot(frame) {
    this.#inventory?.applySnapshot(frame.sections);
    this.#inSync = true;
    this.#waiting = false;
    this.#failures = 0;
    return { all: true, seats: [] };
  }

  /** @param {Frame} frame */
  #delta(frame) {
    const seats = this.#inventory?.applyDelta(/** @type {any} */ (frame)) ?? null;
    if (seats) return { all: false, seats };
    if (this.#inSync) {
      this.#inSync = false;
      this.#subscribeIn(RESYNC_MS);
    }
    return null;
  }

  /** @param {string} code */
  #retry(code) {
    this.#waiting = false;
    if (isRetryable(code)) this.#subscribeIn(waitMs((this.#failures += 1)));
  }
}
