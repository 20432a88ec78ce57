// A forecast in words: `[p50, p90]` seconds become "about 2–3 minutes".

import { texts } from "../texts/en.js";

const MINUTE_S = 60;
const IN_HOURS_FROM_S = 90 * MINUTE_S;
const HALF_HOUR_S = 30 * MINUTE_S;

/** How long it may take, in words. @param {[number, number] | null | undefined} eta */
export function forecast(eta) {
  const words = texts.forecast;
  if (!eta) return words.unknown;
  const [likely, late] = eta;
  if (late <= MINUTE_S) return words.soon;
  if (late < IN_HOURS_FROM_S) return words.minutes(...range(likely, late, MINUTE_S));
  const [from, to] = range(likely, late, HALF_HOUR_S);
  return words.hours(from / 2, to / 2);
}

/**
 * Both ends in whole units, at least 1, never the wrong way round.
 * @param {number} likely
 * @param {number} late
 * @param {number} unit
 * @returns {[number, number]}
 */
function range(likely, late, unit) {
  const from = Math.max(1, Math.round(likely / unit));
  return [from, Math.max(from, Math.ceil(late / unit))];
}
