// The visitor's side of the line: commands go out, frames come in, and answers find their commands.

import { ReturningSocket } from "./reconnecting-socket.js";
import { becomeVisitor } from "./visitor-session.js";

/**
 * @typedef {import("./reconnecting-socket.js").Frame} Frame
 * @typedef {import("./reconnecting-socket.js").Status} Status
 */

/** One event's line, as one visitor talks with it. */
export class Line {
  /** @type {Map<string, string>} command id → its type, until it is answered */
  #asked = new Map();
  #last = 0;
  #socket;

  /**
   * @param {string} event
   * @param {object} listener
   * @param {(frame: Frame, asked: string | null) => void} listener.onFrame and what it answers
   * @param {(status: Status, code?: number) => void} listener.onStatus
   */
  constructor(event, { onFrame, onStatus }) {
    this.#socket = new ReturningSocket(`/ws/events/${encodeURIComponent(event)}`, {
      onFrame: (frame) => onFrame(frame, this.#answered(frame)),
      onStatus: (status, code) => {
        if (status !== "open") this.#asked.clear();
        onStatus(status, code);
      },
      ping: () => this.#command("ping"),
      renew: becomeVisitor,
    });
  }

  /** Connect, as a visitor that is made where there is none, and stay connected. */
  start() {
    this.#socket.start();
  }

  /**
   * Send a command; whether there was a socket for it.
   * @param {string} type @param {Record<string, unknown>} [members]
   */
  ask(type, members = {}) {
    return this.#socket.send({ ...this.#command(type), ...members });
  }

  /** The page is looked at again. */
  probe() {
    this.#socket.probe();
  }

  /** @param {string} type */
  #command(type) {
    const id = String(++this.#last);
    this.#asked.set(id, type);
    return { type, id };
  }

  /** @param {Frame} frame */
  #answered(frame) {
    const asked = this.#asked.get(frame.re ?? "") ?? null;
    this.#asked.delete(frame.re ?? "");
    return asked;
  }
}
