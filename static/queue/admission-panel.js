// The visitor's turn on the page: how long it lasts, and until when to say that we are here.

import { countdown } from "../lib/server-clock.js";
import { texts } from "../texts/en.js";
import { part, write, writeIf } from "../ui/dom.js";
import { alarm } from "../ui/live-region.js";

/**
 * @typedef {import("./queue-state.js").Standing} Standing
 * @typedef {import("../lib/server-clock.js").Clock} Clock
 */

const LAST_S = 60;
const words = texts.event.admitted;

/** The turn that was announced, and the one whose last minute was; a turn is known by its end. */
const announced = { turn: "", lastMinute: "" };

/**
 * Show the turn of who is admitted.
 * @param {Standing} standing
 * @param {Clock} clock
 * @param {boolean} claiming whether the server is just being told that we are here
 */
export function drawTurn({ place, claimed, claimBy, expiresAt }, clock, claiming) {
  if (place?.state !== "admitted") return;
  const left = clock.secondsTo(expiresAt);
  write(part("pass-countdown"), countdown(left));
  part("pass-countdown").classList.toggle("soon", left <= LAST_S);
  writeIf(part("claim-by"), noteOf(left, claimed || claiming, clock.secondsTo(claimBy)));
  if (left > 0) announce("turn", expiresAt, words.announce(Math.max(1, Math.floor(left / 60))));
  if (left > 0 && left <= LAST_S) announce("lastMinute", expiresAt, words.lastMinute);
}

/** @param {number} left @param {boolean} told @param {number} toClaim */
function noteOf(left, told, toClaim) {
  if (left === 0) return words.over;
  return told ? "" : words.claim(countdown(toClaim));
}

/**
 * Say it once a turn.
 * @param {keyof typeof announced} what
 * @param {string} expiresAt
 * @param {string} text
 */
function announce(what, expiresAt, text) {
  if (announced[what] === expiresAt) return;
  announced[what] = expiresAt;
  alarm(text);
}
