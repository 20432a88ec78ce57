// Live regions for screen readers: urgent and polite texts at once, calm ones at most every 15 s.

import { byId, setText } from "./dom.js";

const CALM_MS = 15_000;

let spokenAt = 0;
let spoken = "";
let pending = "";
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** Interrupt the screen reader with a text. @param {string} text */
export function announceUrgently(text) {
  setText(byId("assertive"), text);
}

/** Announce a text at once, without interrupting. @param {string} text */
export function announce(text) {
  setText(byId("polite"), text);
}

/**
 * Announce a text once 15 s have passed since the last calm one. Only the latest text is spoken.
 * @param {string} text
 */
export function announceCalmly(text) {
  pending = text;
  if (timer !== undefined) return;
  timer = setTimeout(speak, Math.max(0, spokenAt + CALM_MS - Date.now()));
}

/** Replace a calm text that is waiting or was spoken last with nothing. */
export function withdrawCalm() {
  if (pending) announceCalmly("");
}

function speak() {
  timer = undefined;
  const { textContent: said } = byId("polite");
  if (!pending && said !== spoken) return; // what was announced meanwhile stays
  if (pending && said !== pending) spokenAt = Date.now();
  spoken = pending;
  setText(byId("polite"), pending);
}
