// The admission panel: how long the pass lasts, and until when presence must be confirmed.

import { countdown } from "../lib/server-clock.js";
import { texts as all } from "../texts/texts.js";
import { byId, setText, setTextOrHide } from "../ui/dom.js";
import { announceUrgently } from "../ui/live-region.js";

/**
 * @typedef {import("./queue-state.js").QueueState} QueueState
 * @typedef {import("../lib/server-clock.js").ServerClock} ServerClock
 */

const LAST_MINUTE_S = 60;
const texts = all.event.admitted;

/** `expiresAt` of the pass whose beginning and whose last minute were announced. */
const announced = { beginning: "", lastMinute: "" };

/**
 * Draw the pass of an admitted visitor.
 * @param {QueueState} queueState
 * @param {ServerClock} clock
 * @param {{confirming: boolean, hasSeats: boolean}} now `confirming`: `queue.claim` is sent and not
 *   answered; `hasSeats`: the event sells something on this page
 */
export function drawAdmission(
  { place, presenceConfirmed, claimBy, expiresAt },
  clock,
  { confirming, hasSeats },
) {
  if (place?.state !== "admitted") return;
  setTextOrHide(byId("turn-next"), hasSeats ? "" : texts.elsewhere);
  const left = clock.secondsLeft(expiresAt);
  setText(byId("pass-countdown"), countdown(left));
  byId("pass-countdown").classList.toggle("soon", left <= LAST_MINUTE_S);
  setTextOrHide(
    byId("claim-by"),
    noteOf(left, presenceConfirmed || confirming, clock.secondsLeft(claimBy)),
  );
  if (left > 0)
    announce("beginning", expiresAt, texts.announce(Math.max(1, Math.floor(left / 60))));
  if (left > 0 && left <= LAST_MINUTE_S) announce("lastMinute", expiresAt, texts.lastMinute);
}

/**
 * Return what is to be said about the pass. A hidden page whose time to confirm is over, and which
 * still has the pass, was confirmed elsewhere: the server would have sent that it was missed.
 * @param {number} left @param {boolean} confirmed @param {number} toConfirm
 */
function noteOf(left, confirmed, toConfirm) {
  if (left === 0) return texts.over;
  return confirmed || toConfirm === 0 ? "" : texts.confirmBy(countdown(toConfirm));
}

/**
 * Announce a text, once for each pass.
 * @param {keyof typeof announced} what
 * @param {string} expiresAt
 * @param {string} text
 */
function announce(what, expiresAt, text) {
  if (announced[what] === expiresAt) return;
  announced[what] = expiresAt;
  announceUrgently(text);
}
