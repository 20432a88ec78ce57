// The server's clock, estimated from frames, and countdowns by it.

/** The server's time: the device's, corrected by the last `server_time`. */
export class ServerClock {
  #aheadMs = 0;
  #stoppedAt = NaN;

  /** Set the correction. @param {string} serverTime */
  sync(serverTime) {
    const server = Date.parse(serverTime);
    if (Number.isFinite(server)) this.#aheadMs = server - Date.now();
  }

  /** Let the time of passes and holds stand still from an instant on; undefined: let it run. @param {string | undefined} since */
  standStill(since) {
    this.#stoppedAt = Date.parse(since ?? "");
  }

  /** Return the server's now, in milliseconds since 1970. */
  now() {
    return Date.now() + this.#aheadMs;
  }

  /**
   * Return whole seconds until an instant; 0 when it is past or missing.
   * @param {string | null | undefined} instant
   */
  secondsTo(instant) {
    return wholeSeconds(Date.parse(instant ?? "") - this.now());
  }

  /**
   * Return whole seconds until a pass or a hold ends; they stay the same while the sale is stopped.
   * @param {string | null | undefined} instant
   */
  secondsLeft(instant) {
    const now = Number.isFinite(this.#stoppedAt) ? this.#stoppedAt : this.now();
    return wholeSeconds(Date.parse(instant ?? "") - now);
  }
}

/** @param {number} ms */
function wholeSeconds(ms) {
  return Number.isFinite(ms) ? Math.max(0, Math.ceil(ms / 1000)) : 0;
}

/** Return seconds as a clock shows them: `4:59`, `1:02:03`. @param {number} seconds */
export function countdown(seconds) {
  const [hours, minutes, rest] = [
    Math.floor(seconds / 3600),
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ];
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
