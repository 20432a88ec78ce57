// Texts of how long it is until a sale opens.

import { texts as all } from "../texts/texts.js";
import { countdown } from "./server-clock.js";

const DAY_S = 86_400;

/** Return days from two days on, then a countdown: "in 3 days", "in 2:03:12". @param {number} seconds */
export function openingText(seconds) {
  const texts = all.event.place;
  if (seconds <= 0) return texts.opensSoon;
  const days = Math.floor(seconds / DAY_S);
  return texts.opensIn(days >= 2 ? texts.days(days) : countdown(seconds));
}
