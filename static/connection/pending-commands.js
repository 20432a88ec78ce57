// Pending commands: each is sent again until the server answers it, on this socket or the next.

import { waitMs } from "../lib/backoff.js";

/** @typedef {import("./reconnecting-socket.js").Frame} Frame */

/** Frames that settle a command; with `own`, only as the answer to that very command. */
const ANSWERED_BY = {
  "queue.join": { frames: ["queue.joined", "queue.admitted"], own: false },
  "queue.claim": { frames: ["queue.admitted", "queue.joined"], own: true },
  "queue.leave": { frames: ["queue.left"], own: false },
  "queue.prefer": { frames: ["queue.preferred"], own: true },
  "hold.create": { frames: ["hold.created"], own: false },
  "hold.extend": { frames: ["hold.extended"], own: true },
  "hold.release": { frames: ["hold.released", "hold.expired"], own: false },
  "hold.checkout": { frames: ["booking.updated"], own: true },
};

/** Commands that a new one cancels. */
const REPLACES = { "queue.join": ["queue.leave"], "queue.leave": ["queue.join", "queue.claim"] };

/** Tests of whether a welcome shows a command as done. Connecting itself confirms presence. */
const DONE_BY_WELCOME = {
  "queue.join": (/** @type {Frame} */ frame) => Boolean(frame.place),
  "queue.claim": () => true,
  "queue.leave": (/** @type {Frame} */ frame) => !frame.place && frame.room.state !== "recovering",
  "queue.prefer": (/** @type {Frame} */ frame) => !frame.place,
  "hold.create": (/** @type {Frame} */ frame) => Boolean(frame.hold),
  "hold.extend": (
    /** @type {Frame} */ frame,
    /** @type {Members} */ { hold },
    /** @type {Known} */ { extensionsLeft },
  ) => frame.hold?.id !== hold || frame.hold.extensions_left < extensionsLeft,
  "hold.release": (/** @type {Frame} */ frame) => !frame.hold,
  // A hold that is still `held` is checked out again, unless this try was declined: people decide then.
  "hold.checkout": (
    /** @type {Frame} */ { hold, booking },
    /** @type {Members} */ _members,
    /** @type {Known} */ { attempts },
  ) => hold?.state !== "held" || (booking?.id === hold.id && booking.attempts > attempts),
};

/** Frames that make commands pointless. */
const ENDED_BY = {
  "queue.expired": ["queue.claim", "queue.leave", "queue.prefer"],
  "hold.expired": ["hold.extend", "hold.checkout"],
};

const RETRYABLE = new Set(["recovering", "try_again", "busy", "too_many_requests"]);

/**
 * @typedef {keyof typeof ANSWERED_BY} CommandType
 * @typedef {Record<string, unknown>} Members of the command, the same each time it is sent
 *
 * @typedef {{extensionsLeft: number, attempts: number}} Known
 *   of the hold when sent first: fewer extensions, or more tries to pay, in a welcome mean done
 *
 * @typedef {object} Pending
 * @property {Members} members
 * @property {Known} known
 * @property {number} failures
 * @property {ReturnType<typeof setTimeout>} [timer]
 */

/** The commands that were sent and are not answered, at most one of each type. */
export class PendingCommands {
  /** @type {Map<CommandType, Pending>} */ #pending = new Map();
  #sendFrame;
  #solve;

  /**
   * @param {(type: string, members: Members) => boolean} sendFrame
   * @param {(challenge: {challenge: string, bits: number}) => Promise<string>} [solve]
   */
  constructor(sendFrame, solve = solveInWorker) {
    this.#sendFrame = sendFrame;
    this.#solve = solve;
  }

  /**
   * Send a command until it is answered. A command that is pending already is not sent twice.
   * @param {CommandType} command
   * @param {number} [afterMs]
   * @param {Members} [members]
   * @param {Known} [known]
   */
  send(command, afterMs = 0, members = {}, known = { extensionsLeft: 0, attempts: 0 }) {
    for (const other of /** @type {any} */ (REPLACES)[command] ?? []) this.drop(other);
    if (this.#pending.has(command)) return;
    this.#pending.set(command, { members, known, failures: 0 });
    this.#sendAfter(command, afterMs);
  }

  /** Return whether a command is not answered yet. @param {CommandType} command */
  isPending(command) {
    return this.#pending.has(command);
  }

  /** Return whether a pending command was refused for the moment. @param {CommandType} command */
  isRetried(command) {
    return (this.#pending.get(command)?.failures ?? 0) > 0;
  }

  /** Stop sending a command. @param {CommandType} command */
  drop(command) {
    clearTimeout(this.#pending.get(command)?.timer);
    this.#pending.delete(command);
  }

  /**
   * Handle a frame: settle, retry or send again the commands that it concerns.
   * @param {Frame} frame
   * @param {string | null} answered the type of the command that the frame answers
   */
  handleFrame(frame, answered) {
    if (frame.type === "welcome") this.#resend(frame);
    else if (frame.type === "error")
      this.#retryOrDrop(/** @type {CommandType} */ (answered), frame.problem);
    else this.#settle(frame.type, answered);
  }

  /** @param {CommandType} command @param {number} afterMs */
  #sendAfter(command, afterMs) {
    const pending = this.#pending.get(command);
    if (!pending) return;
    clearTimeout(pending.timer);
    const sendFrame = () => this.#sendFrame(command, pending.members);
    if (afterMs === 0) sendFrame();
    else pending.timer = setTimeout(sendFrame, afterMs);
  }

  /** @param {Frame} frame */
  #resend(frame) {
    for (const [command, { members, known }] of [...this.#pending]) {
      if (DONE_BY_WELCOME[command](frame, members, known)) this.drop(command);
      else this.#sendAfter(command, 0);
    }
  }

  /** @param {CommandType} command @param {Frame["problem"]} problem */
  #retryOrDrop(command, problem) {
    const pending = this.#pending.get(command);
    if (!pending) return;
    const { code } = problem;
    if (code === "proof_required") void this.#prove(command, pending, problem);
    else if (RETRYABLE.has(code)) this.#sendAfter(command, waitMs((pending.failures += 1)));
    else this.drop(command);
  }

  /**
   * Send a command again with the proof of work that it was asked for.
   * @param {CommandType} command @param {Pending} pending @param {Frame["problem"]} problem
   */
  async #prove(command, pending, problem) {
    const proof = await this.#solve(problem).catch(() => null);
    if (this.#pending.get(command) !== pending) return;
    if (proof === null) return this.#sendAfter(command, waitMs((pending.failures += 1)));
    pending.members = { ...pending.members, proof };
    this.#sendAfter(command, 0);
  }

  /** @param {string} type @param {string | null} answered */
  #settle(type, answered) {
    const over = /** @type {Record<string, CommandType[]>} */ (ENDED_BY)[type] ?? [];
    for (const command of over) this.drop(command);
    for (const [command, { frames, own }] of Object.entries(ANSWERED_BY)) {
      const name = /** @type {CommandType} */ (command);
      if (frames.includes(type) && (!own || answered === name)) this.drop(name);
    }
  }
}

/** @param {{challenge: string, bits: number}} challenge */
async function solveInWorker(challenge) {
  const { solve } = await import("./proof-of-work.js");
  return solve(challenge);
}

/** Return whether a refusal is for the moment only. @param {string | undefined} code */
export function isRetryable(code) {
  return RETRYABLE.has(code ?? "");
}
