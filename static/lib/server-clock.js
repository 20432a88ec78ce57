// The server's clock, as far as this device knows it, and the time that is left by it.

/** Tells the server's time by what the server last said of it. */
export class Clock {
  #aheadMs = 0;

  /** Take the server's time of this moment. @param {string} serverTime */
  sync(serverTime) {
    const told = Date.parse(serverTime);
    if (Number.isFinite(told)) this.#aheadMs = told - Date.now();
  }

  /** The server's now, in milliseconds. */
  now() {
    return Date.now() + this.#aheadMs;
  }

  /**
   * Whole seconds until an instant, 0 when it is past.
   * @param {string | null | undefined} instant
   */
  secondsTo(instant) {
    const left = Date.parse(instant ?? "") - this.now();
    return Number.isFinite(left) ? Math.max(0, Math.ceil(left / 1000)) : 0;
  }
}

/** Seconds as people read a clock: `4:59`, `1:02:03`. @param {number} seconds */
export function countdown(seconds) {
  const [hours, minutes, rest] = [
    Math.floor(seconds / 3600),
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ];
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
