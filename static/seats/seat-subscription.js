// Keeps a house in step with the server's: watches, and watches again when a change was missed.

import { passes } from "../connection/pending-commands.js";
import { waitMs } from "../lib/backoff.js";

/**
 * @typedef {import("../connection/reconnecting-socket.js").Frame} Frame
 * @typedef {import("./seat-inventory.js").House} House
 *
 * @typedef {object} News
 * @property {boolean} whole whether everything may have changed
 * @property {string[]} seats otherwise those that did
 */

const AGAIN_MS = 250; // between two snapshots that we ask for

/** One page's view of one house. */
export class Watch {
  /** @type {House | null} */ #house = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #later;
  #ask;
  #current = false; // whether what is known is the server's last word
  #asking = false;
  #failures = 0;

  /** @param {() => boolean} ask sends `seats.watch` */
  constructor(ask) {
    this.#ask = ask;
  }

  /** What is watched from now on. @param {House} house */
  look(house) {
    this.#house = house;
    this.#current = this.#asking = false;
    this.#watch();
  }

  /**
   * Somebody looks at the page. A page that nobody sees says nothing: to the line, every command
   * is a sign that somebody is there.
   */
  seen() {
    this.#watch();
  }

  /**
   * Take a frame; what has changed by it, if anything.
   * @param {Frame} frame @param {string | null} asked
   * @returns {News | null}
   */
  hear(frame, asked) {
    if (frame.type === "welcome") this.#restart();
    else if (frame.type === "seats.snapshot") return this.#snapshot(frame);
    else if (frame.type === "seats.delta") return this.#delta(frame);
    else if (frame.type === "error" && asked === "seats.watch") this.#refused(frame.problem.code);
    return null;
  }

  #restart() {
    this.#current = this.#asking = false;
    this.#failures = 0;
    this.#watch();
  }

  #watch() {
    clearTimeout(this.#later);
    if (!this.#house || this.#current || this.#asking) return;
    if (document.visibilityState === "visible") this.#asking = this.#ask();
  }

  /** @param {number} ms */
  #watchIn(ms) {
    clearTimeout(this.#later);
    this.#later = setTimeout(() => this.#watch(), ms);
  }

  /** @param {Frame} frame */
  #snapshot(frame) {
    this.#house?.snapshot(frame.sections);
    this.#current = true;
    this.#asking = false;
    this.#failures = 0;
    return { whole: true, seats: [] };
  }

  /** @param {Frame} frame */
  #delta(frame) {
    const seats = this.#house?.delta(/** @type {any} */ (frame)) ?? null;
    if (seats) return { whole: false, seats };
    if (this.#current) {
      this.#current = false;
      this.#watchIn(AGAIN_MS);
    }
    return null;
  }

  /** @param {string} code */
  #refused(code) {
    this.#asking = false;
    if (passes(code)) this.#watchIn(waitMs((this.#failures += 1)));
  }
}
