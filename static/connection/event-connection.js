// The connection of one visitor to one event: sends commands, and matches frames to the commands they answer.

import { formAnswered } from "../presses/early-press.js";
import { ReconnectingSocket } from "./reconnecting-socket.js";
import { createVisitor } from "./visitor-session.js";

/**
 * @typedef {import("./reconnecting-socket.js").Frame} Frame
 * @typedef {import("./reconnecting-socket.js").Status} Status
 */

/** A connection to one event; it numbers commands and creates a visitor where there is none. */
export class EventConnection {
  /** @type {Map<string, string>} command id → its type, until it is answered */
  #unanswered = new Map();
  #lastId = 0;
  #socket;

  /**
   * @param {string} event
   * @param {object} listener
   * @param {(frame: Frame, command: string | null) => void} listener.onFrame the frame, and the
   *   type of the command that it answers
   * @param {(status: Status, code?: number) => void} listener.onStatus
   */
  constructor(event, { onFrame, onStatus }) {
    this.#socket = new ReconnectingSocket(`/ws/events/${encodeURIComponent(event)}`, {
      onFrame: (frame) => onFrame(frame, this.#answeredCommand(frame)),
      onStatus: (status, code) => {
        if (status !== "open") this.#unanswered.clear();
        onStatus(status, code);
      },
      ping: () => this.#command("ping"),
      authenticate: (since) => formAnswered().then(() => createVisitor(since)),
    });
  }

  /** Connect, and reconnect after every failure. */
  start() {
    this.#socket.start();
  }

  /**
   * Send a command. Return whether a socket was open for it.
   * @param {string} type @param {Record<string, unknown>} [members]
   */
  send(type, members = {}) {
    return this.#socket.send({ ...this.#command(type), ...members });
  }

  /** Find out now whether the connection is alive: the page has become visible. */
  probe() {
    this.#socket.probe();
  }

  /** @param {string} type */
  #command(type) {
    const id = String(++this.#lastId);
    this.#unanswered.set(id, type);
    return { type, id };
  }

  /** @param {Frame} frame */
  #answeredCommand(frame) {
    const command = this.#unanswered.get(frame.re ?? "") ?? null;
    this.#unanswered.delete(frame.re ?? "");
    return command;
  }
}
