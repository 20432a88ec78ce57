// The place card: number, visitors ahead, estimated wait and progress of a waiting visitor.

import { openingDateAndTime, timeOrDay } from "../lib/dates.js";
import { durationText } from "../lib/durations.js";
import { openingText } from "../lib/opening.js";
import { isMoving, nextText } from "../lib/sale-state.js";
import { isUndrawn, undrawnOf, withSeconds } from "../lottery/order.js";
import { texts as all } from "../texts/texts.js";
import { byId, control, setText, setTextOrHide } from "../ui/dom.js";
import { announceCalmly, withdrawCalm } from "../ui/live-region.js";
import { inlinedEvent } from "./event-details.js";
import { shareDone } from "./progress.js";
import { isWaiting } from "./queue-state.js";

/**
 * @typedef {import("./queue-state.js").QueueState} QueueState
 * @typedef {import("./queue-state.js").Place} Place
 * @typedef {import("../lib/server-clock.js").ServerClock} ServerClock
 * @typedef {{event: string, clock: ServerClock, disconnected: boolean, stock: string}} Context
 */

const LONG_NUMBER = 6; // characters
const texts = all.event.place;

/** Draw the place of a waiting visitor. @param {QueueState} queueState @param {Context} context */
export function drawPlaceCard(queueState, context) {
  const { place } = queueState;
  if (!place || !isWaiting(queueState)) return;
  setNumber(byId("place-number"), place.number === null ? "–" : all.number(place.number));
  drawTitle(place, queueState.room);
  drawAhead(place, queueState.room, context.stock);
  drawProgress(place, context.event);
  drawWait(queueState, place, context);
  setTextOrHide(byId("crowd"), isUndrawn(place) ? "" : texts.crowd(place.waiting));
  setTextOrHide(byId("lane"), laneText(queueState, place));
  setTextOrHide(byId("ticket-note"), noteOf(queueState, context.disconnected));
}

/** Return the name of a place's lane, where there is more than one. @param {QueueState} queueState @param {Place} place */
function laneText({ room }, { lane }) {
  return (room?.lanes?.length ?? 0) > 1 ? texts.lane(lane) : "";
}

/**
 * Announce the place to screen readers, at most every 15 s; withdraw what is not spoken yet when
 * the visitor does not wait any more.
 * @param {QueueState} queueState
 * @param {{phase: string, stock: string}} now
 */
export function announcePlace({ place, room }, { phase, stock }) {
  if (phase !== "waiting" || place?.ahead == null) return withdrawCalm();
  announceCalmly(all.event.announce.waiting(place.ahead, waitText(room, place, stock)));
}

/** @param {Place} place @param {QueueState["room"]} room */
function drawTitle(place, room) {
  const undrawn = isUndrawn(place) ? all.event.undrawn[undrawnOf(room, place)] : null;
  setText(byId("ticket-title"), undrawn?.title ?? (place.state === "lobby" ? texts.lobby : texts.waiting));
  setTextOrHide(byId("drawn"), undrawn ? withSeconds(undrawn.note, room) : "");
  setText(byId("keep"), undrawn ? all.event.undrawn.keep : texts.keep);
}

/** @param {Place} place @param {QueueState["room"]} room @param {string} stock */
function drawAhead({ ahead, state, rate, eta_seconds }, room, stock) {
  const next = rate === 0 && !eta_seconds ? texts.nextHalted : nextText(room, stock);
  byId("ahead-line").hidden = ahead === null || (state === "lobby" && ahead === 0);
  setNumber(byId("ahead"), ahead === null ? "" : all.number(ahead));
  setText(byId("ahead-words"), ahead === null ? "" : ahead === 0 ? next : texts.ahead(ahead));
}

/**
 * Write a number; from 100,000 on it is set in smaller type.
 * @param {HTMLElement} element
 * @param {string} digits
 */
function setNumber(element, digits) {
  setText(element, digits);
  element.classList.toggle("long", digits.length > LONG_NUMBER);
}

/** @param {Place} place @param {string} event */
function drawProgress({ number, ahead, state }, event) {
  const shown = number !== null && ahead !== null;
  byId("progress").hidden = !shown || state === "lobby";
  if (shown) control("progress").value = String(Math.round(100 * shareDone(event, number, ahead)));
}

/** @param {QueueState} queueState @param {Place} place @param {Context} context */
function drawWait({ room }, place, { clock, stock }) {
  if (isUndrawn(place) && room?.state !== "scheduled") return drawSoon(place);
  const lobby = place.state === "lobby";
  setText(byId("eta-label"), lobby ? texts.etaLobby : texts.eta);
  if (lobby) setText(byId("eta"), opensText(room?.opens_at, clock));
  const opens = room?.opens_at ? openingDateAndTime(room.opens_at, inlinedEvent()?.shows) : "";
  const band = isMoving(room) && stock !== "gone" ? bandText(place.eta_seconds, clock) : "";
  setTextOrHide(byId("eta-date"), lobby ? opens : band);
  if (!lobby) setText(byId("eta"), waitText(room, place, stock));
}

/** @param {QueueState["room"]} room @param {Place} place @param {string} stock */
function waitText(room, place, stock) {
  if (!isMoving(room)) return texts.etaPaused;
  return stock === "gone" ? texts.etaGone : durationText(place.eta_seconds);
}

/** Say when the number is told: in a moment, where the draw is going on. @param {Place} place */
function drawSoon({ deferred }) {
  setText(byId("eta-label"), all.event.undrawn.label);
  setText(byId("eta"), deferred ? all.event.undrawn.later : all.event.undrawn.told);
  setTextOrHide(byId("eta-date"), "");
}

/**
 * Return an estimated wait as times of day: "at about 20:41–20:48"; with their day where it is long.
 * @param {[number, number] | null} eta @param {ServerClock} clock
 */
function bandText(eta, clock) {
  if (!eta) return "";
  const at = (/** @type {number} */ seconds) =>
    timeOrDay(new Date(clock.now() + seconds * 1000).toISOString());
  return texts.band(at(eta[0]), at(eta[1]));
}

/** Return when the sale opens. @param {string | undefined} opensAt @param {ServerClock} clock */
function opensText(opensAt, clock) {
  return opensAt ? openingText(clock.secondsTo(opensAt)) : texts.opensUnknown;
}

/** @param {QueueState} queueState @param {boolean} disconnected */
function noteOf({ renumbered }, disconnected) {
  if (disconnected) return texts.lastKnown;
  return renumbered ? texts.renumbered : "";
}
