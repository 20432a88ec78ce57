// What a screen reader is told: places calmly, at most every 15 s; what cannot wait at once.

import { forecast } from "../lib/durations.js";
import { texts } from "../texts/en.js";
import { part, write } from "./dom.js";

const CALM_MS = 15_000;

let saidAt = 0;
let pending = "";
/** @type {ReturnType<typeof setTimeout> | undefined} */
let later;

/**
 * Tell of the place of who waits.
 * @param {import("../queue/queue-state.js").Standing} standing
 * @param {string} phase
 */
export function announceStanding({ place }, phase) {
  if (phase === "waiting" && place?.ahead != null) {
    say(texts.event.announce.waiting(place.ahead, forecast(place.eta_seconds)));
  } else if (pending) {
    say("");
  }
}

/** Interrupt with something that cannot wait. @param {string} text */
export function alarm(text) {
  write(part("assertive"), text);
}

/** Say something calmly, now. @param {string} text */
export function tell(text) {
  write(part("polite"), text);
}

/**
 * Say something when there has been quiet for a while; only the last word counts.
 * @param {string} text
 */
function say(text) {
  pending = text;
  if (later !== undefined) return;
  later = setTimeout(speak, Math.max(0, saidAt + CALM_MS - Date.now()));
}

function speak() {
  later = undefined;
  if (pending && part("polite").textContent !== pending) saidAt = Date.now();
  write(part("polite"), pending);
}
