// The visitor's place on the page: number, how many are ahead, how long it may take, how far it is.

import { dateAndTime } from "../lib/dates.js";
import { forecast } from "../lib/durations.js";
import { countdown } from "../lib/server-clock.js";
import { texts } from "../texts/en.js";
import { control, part, write, writeIf } from "../ui/dom.js";
import { share } from "./progress.js";
import { waits } from "./queue-state.js";

/**
 * @typedef {import("./queue-state.js").Standing} Standing
 * @typedef {import("./queue-state.js").Place} Place
 * @typedef {{event: string, clock: import("../lib/server-clock.js").Clock, away: boolean}} Around
 */

const DAY_S = 86_400;
const LONG = 6; // characters
const MOVES = new Set(["open", "draining"]);
const words = texts.event.ticket;

/** Show the place of who has one. @param {Standing} standing @param {Around} around */
export function drawTicket(standing, around) {
  const { place } = standing;
  if (!place || !waits(standing)) return;
  writeFigure(part("place-number"), place.number === null ? "–" : texts.figure(place.number));
  write(part("ticket-title"), place.state === "lobby" ? words.lobby : words.waiting);
  drawAhead(place);
  drawProgress(place, around.event);
  drawForecast(standing, place, around.clock);
  write(part("crowd"), words.crowd(place.waiting));
  writeIf(part("ticket-note"), noteOf(standing, around.away));
}

/** @param {Place} place */
function drawAhead({ ahead }) {
  part("ahead-line").hidden = ahead === null;
  writeFigure(part("ahead"), ahead === null ? "" : texts.figure(ahead));
  write(part("ahead-words"), ahead === null ? "" : ahead === 0 ? words.next : words.ahead(ahead));
  part("drawn").hidden = ahead !== null;
  part("keep").hidden = ahead === null;
}

/**
 * Figures from 100,000 on are written smaller.
 * @param {HTMLElement} element
 * @param {string} figure
 */
function writeFigure(element, figure) {
  write(element, figure);
  element.classList.toggle("long", figure.length > LONG);
}

/** @param {Place} place @param {string} event */
function drawProgress({ number, ahead, state }, event) {
  const shown = number !== null && ahead !== null;
  part("progress").hidden = !shown || state === "lobby";
  if (shown) control("progress").value = String(Math.round(100 * share(event, number, ahead)));
}

/** @param {Standing} standing @param {Place} place @param {import("../lib/server-clock.js").Clock} clock */
function drawForecast({ room }, place, clock) {
  const lobby = place.state === "lobby";
  write(part("eta-label"), lobby ? words.etaLobby : words.eta);
  if (lobby) write(part("eta"), opening(room?.opens_at, clock));
  writeIf(part("eta-date"), lobby && room?.opens_at ? dateAndTime(room.opens_at) : "");
  if (!lobby)
    write(
      part("eta"),
      MOVES.has(room?.state ?? "") ? forecast(place.eta_seconds) : words.etaPaused,
    );
}

/**
 * When the sale opens: in days while it is far away, then a countdown.
 * @param {string | undefined} opensAt
 * @param {import("../lib/server-clock.js").Clock} clock
 */
function opening(opensAt, clock) {
  if (!opensAt) return words.opensUnknown;
  const left = clock.secondsTo(opensAt);
  if (left === 0) return words.opensSoon;
  const days = Math.floor(left / DAY_S);
  return words.opensIn(days >= 2 ? words.days(days) : countdown(left));
}

/** @param {Standing} standing @param {boolean} away */
function noteOf({ renumbered }, away) {
  if (away) return words.lastKnown;
  return renumbered ? words.renumbered : "";
}
