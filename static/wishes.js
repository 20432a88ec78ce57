// What a visitor wants of the line is asked until it is answered, on this socket or on the next.

import { waitMs } from "./backoff.js";

/** @typedef {import("./socket.js").Frame} Frame */

/** What fulfils a wish, also when somebody else asked; `own` wants the answer to our own asking. */
const ANSWERS = {
  "queue.join": { frames: ["queue.joined", "queue.admitted"], own: false },
  "queue.claim": { frames: ["queue.admitted", "queue.joined"], own: true },
  "queue.leave": { frames: ["queue.left"], own: false },
};

/** Wishes that a new one takes back. */
const OPPOSITES = { "queue.join": ["queue.leave"], "queue.leave": ["queue.join", "queue.claim"] };

/** What a welcome answers by itself: connecting is being heard of. */
const WELCOMES = {
  "queue.join": (/** @type {Frame} */ frame) => Boolean(frame.place),
  "queue.claim": () => true,
  "queue.leave": (/** @type {Frame} */ frame) => !frame.place && frame.room.state !== "recovering",
};

const TEMPORARY = new Set(["recovering", "try_again", "busy", "too_many_requests"]);

/** @typedef {keyof typeof ANSWERS} Wish */

/** The wishes that are open. */
export class Wishes {
  /** @type {Map<Wish, {failures: number, timer?: ReturnType<typeof setTimeout>}>} */ #open =
    new Map();
  #ask;

  /** @param {(type: string) => boolean} ask sends a command */
  constructor(ask) {
    this.#ask = ask;
  }

  /**
   * Want something; wanting it twice is wanting it once.
   * @param {Wish} wish
   * @param {number} [afterMs]
   */
  want(wish, afterMs = 0) {
    for (const other of /** @type {any} */ (OPPOSITES)[wish] ?? []) this.drop(other);
    if (this.#open.has(wish)) return;
    this.#open.set(wish, { failures: 0 });
    this.#try(wish, afterMs);
  }

  /** Whether something is wanted and not answered yet. @param {Wish} wish */
  wants(wish) {
    return this.#open.has(wish);
  }

  /** Want it no more. @param {Wish} wish */
  drop(wish) {
    clearTimeout(this.#open.get(wish)?.timer);
    this.#open.delete(wish);
  }

  /**
   * Take a frame; `asked` is the command that it answers.
   * @param {Frame} frame
   * @param {string | null} asked
   */
  hear(frame, asked) {
    if (frame.type === "welcome") this.#welcomed(frame);
    else if (frame.type === "error") this.#refused(/** @type {Wish} */ (asked), frame.problem.code);
    else if (frame.type === "queue.expired") this.#ended();
    else this.#fulfilled(frame.type, asked);
  }

  /** @param {Wish} wish @param {number} afterMs */
  #try(wish, afterMs) {
    const open = this.#open.get(wish);
    if (!open) return;
    clearTimeout(open.timer);
    if (afterMs === 0) this.#ask(wish);
    else open.timer = setTimeout(() => this.#ask(wish), afterMs);
  }

  /** @param {Frame} frame */
  #welcomed(frame) {
    for (const wish of [...this.#open.keys()]) {
      if (WELCOMES[wish](frame)) this.drop(wish);
      else this.#try(wish, 0);
    }
  }

  /** @param {Wish} wish @param {string} code */
  #refused(wish, code) {
    const open = this.#open.get(wish);
    if (!open) return;
    if (TEMPORARY.has(code)) this.#try(wish, waitMs((open.failures += 1)));
    else this.drop(wish);
  }

  #ended() {
    this.drop("queue.claim");
    this.drop("queue.leave");
  }

  /** @param {string} type @param {string | null} asked */
  #fulfilled(type, asked) {
    for (const [wish, { frames, own }] of Object.entries(ANSWERS)) {
      const name = /** @type {Wish} */ (wish);
      if (frames.includes(type) && (!own || asked === name)) this.drop(name);
    }
  }
}

/** Whether a refusal passes by itself, so that we ask again. @param {string | undefined} code */
export function passes(code) {
  return TEMPORARY.has(code ?? "");
}
