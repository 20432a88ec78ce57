// How long to stay away after a failure: full jitter, so that nobody comes back with everybody.

const FIRST_MS = 500;
const MOST_MS = 30_000;

/**
 * Milliseconds to wait after so many failures in a row: random in 0.5 s .. min(30 s, 0.5 s · 2^n).
 * @param {number} failures at least 1
 * @param {() => number} [random]
 */
export function waitMs(failures, random = Math.random) {
  const most = Math.min(MOST_MS, FIRST_MS * 2 ** failures);
  return FIRST_MS + random() * (most - FIRST_MS);
}
