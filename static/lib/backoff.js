// Exponential backoff with full jitter, so that pages do not return all at once.

const FIRST_MS = 500;
const MAX_MS = 30_000;

/**
 * Return how many milliseconds to wait after n failures in a row: random in
 * 0.5 s .. min(30 s, 0.5 s · 2^n).
 * @param {number} failures at least 1
 * @param {() => number} [random]
 */
export function waitMs(failures, random = Math.random) {
  const max = Math.min(MAX_MS, FIRST_MS * 2 ** failures);
  return FIRST_MS + random() * (max - FIRST_MS);
}
