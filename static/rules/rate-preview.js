// The preview of a rate: how long those who wait would need at it, before it is set.

import { texts as all } from "../texts/texts.js";

const texts = all.admin.rules;

/** Return how long a rate needs for who waits: "2,900 waiting → 16 min". @param {number} waiting @param {number} rate a second */
export function previewOf(waiting, rate) {
  if (!waiting) return texts.nobodyWaits;
  return rate > 0 ? texts.preview(waiting, waiting / rate) : texts.nobodyMoves(waiting);
}
