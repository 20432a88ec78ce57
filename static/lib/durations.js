// Texts of estimated waits: `[p50, p90]` in seconds becomes "about 2–3 minutes".

import { texts as all } from "../texts/texts.js";

const MINUTE_S = 60;
const IN_HOURS_FROM_S = 90 * MINUTE_S;
const HALF_HOUR_S = 30 * MINUTE_S;

/** Return an estimated wait as text. @param {[number, number] | null | undefined} eta */
export function durationText(eta) {
  const texts = all.durations;
  if (!eta) return texts.unknown;
  const [likely, late] = eta;
  if (late <= MINUTE_S) return texts.soon;
  if (late < IN_HOURS_FROM_S) return texts.minutes(...inUnits(likely, late, MINUTE_S));
  const [from, to] = inUnits(likely, late, HALF_HOUR_S);
  return texts.hours(from / 2, to / 2);
}

/**
 * Return both ends in whole units, at least 1, the second never less than the first.
 * @param {number} likely
 * @param {number} late
 * @param {number} unit
 * @returns {[number, number]}
 */
function inUnits(likely, late, unit) {
  const from = Math.max(1, Math.round(likely / unit));
  return [from, Math.max(from, Math.ceil(late / unit))];
}
