// What a visitor wants of the line is asked until it is answered, on this socket or on the next.

import { waitMs } from "../lib/backoff.js";

/** @typedef {import("./reconnecting-socket.js").Frame} Frame */

/** What fulfils a wish, also when somebody else asked; `own` wants the answer to our own asking. */
const ANSWERS = {
  "queue.join": { frames: ["queue.joined", "queue.admitted"], own: false },
  "queue.claim": { frames: ["queue.admitted", "queue.joined"], own: true },
  "queue.leave": { frames: ["queue.left"], own: false },
  "hold.create": { frames: ["hold.created"], own: false },
  "hold.extend": { frames: ["hold.extended"], own: true },
  "hold.release": { frames: ["hold.released", "hold.expired"], own: false },
  "hold.checkout": { frames: ["booking.updated"], own: true },
};

/** Wishes that a new one takes back. */
const OPPOSITES = { "queue.join": ["queue.leave"], "queue.leave": ["queue.join", "queue.claim"] };

/** What a welcome answers by itself: connecting is being heard of. */
const WELCOMES = {
  "queue.join": (/** @type {Frame} */ frame) => Boolean(frame.place),
  "queue.claim": () => true,
  "queue.leave": (/** @type {Frame} */ frame) => !frame.place && frame.room.state !== "recovering",
  "hold.create": (/** @type {Frame} */ frame) => Boolean(frame.hold),
  "hold.extend": (
    /** @type {Frame} */ frame,
    /** @type {Members} */ { hold },
    /** @type {number} */ left,
  ) => frame.hold?.id !== hold || frame.hold.extensions_left < left,
  "hold.release": (/** @type {Frame} */ frame) => !frame.hold,
  // A hold that is not being paid yet is asked to be; after a refusal of the bank people decide.
  "hold.checkout": (/** @type {Frame} */ frame) =>
    frame.hold?.state !== "held" || (frame.booking?.id === frame.hold.id && frame.booking.reason),
};

/** Wishes that end with what they are about. */
const ENDS = {
  "queue.expired": ["queue.claim", "queue.leave"],
  "hold.expired": ["hold.extend", "hold.checkout"],
};

const TEMPORARY = new Set(["recovering", "try_again", "busy", "too_many_requests"]);

/**
 * @typedef {keyof typeof ANSWERS} Wish
 * @typedef {Record<string, unknown>} Members of the command, the same however often it is asked
 *
 * @typedef {object} Open
 * @property {Members} members
 * @property {number} before a figure at the time of wishing: a welcome with another shows it done
 * @property {number} failures
 * @property {ReturnType<typeof setTimeout>} [timer]
 */

/** The wishes that are open. */
export class Wishes {
  /** @type {Map<Wish, Open>} */ #open = new Map();
  #ask;

  /** @param {(type: string, members: Members) => boolean} ask sends a command */
  constructor(ask) {
    this.#ask = ask;
  }

  /**
   * Want something; wanting it twice is wanting it once.
   * @param {Wish} wish
   * @param {number} [afterMs]
   * @param {Members} [members]
   * @param {number} [before]
   */
  want(wish, afterMs = 0, members = {}, before = 0) {
    for (const other of /** @type {any} */ (OPPOSITES)[wish] ?? []) this.drop(other);
    if (this.#open.has(wish)) return;
    this.#open.set(wish, { members, before, failures: 0 });
    this.#try(wish, afterMs);
  }

  /** Whether something is wanted and not answered yet. @param {Wish} wish */
  wants(wish) {
    return this.#open.has(wish);
  }

  /** Whether something that is wanted has been refused for the moment. @param {Wish} wish */
  isDelayed(wish) {
    return (this.#open.get(wish)?.failures ?? 0) > 0;
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
    else this.#fulfilled(frame.type, asked);
  }

  /** @param {Wish} wish @param {number} afterMs */
  #try(wish, afterMs) {
    const open = this.#open.get(wish);
    if (!open) return;
    clearTimeout(open.timer);
    const ask = () => this.#ask(wish, open.members);
    if (afterMs === 0) ask();
    else open.timer = setTimeout(ask, afterMs);
  }

  /** @param {Frame} frame */
  #welcomed(frame) {
    for (const [wish, { members, before }] of [...this.#open]) {
      if (WELCOMES[wish](frame, members, before)) this.drop(wish);
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

  /** @param {string} type @param {string | null} asked */
  #fulfilled(type, asked) {
    const over = /** @type {Record<string, Wish[]>} */ (ENDS)[type] ?? [];
    for (const wish of over) this.drop(wish);
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
