// The booking view: which panels are visible, where the focus goes, and what screen readers hear.

import { isRetryable } from "../connection/pending-commands.js";
import { drawSelection, lostSeatsText } from "../seats/selection-panel.js";
import { countOf } from "../seats/selection.js";
import { texts as all } from "../texts/texts.js";
import { byId, setTextOrHide } from "../ui/dom.js";
import { announce, announceUrgently } from "../ui/live-region.js";
import { drawBookingList } from "./booking-list.js";
import { drawBooking, textOf } from "./booking-panel.js";
import { hasOpenHold, modeOf, seatOverrides, ticketsLeft } from "./booking-state.js";
import { countText, drawHold } from "./hold-panel.js";

/**
 * @typedef {import("../connection/reconnecting-socket.js").Frame} Frame
 * @typedef {import("../lib/server-clock.js").ServerClock} ServerClock
 * @typedef {import("./booking-state.js").BookingState} BookingState
 * @typedef {import("./booking-state.js").Booking} Booking
 *
 * @typedef {object} Pending which commands are not answered yet
 * @property {boolean} creating
 * @property {boolean} extending
 * @property {boolean} releasing
 * @property {boolean} paying
 * @property {boolean} retried whether one of them was refused for the moment
 *
 * @typedef {object} View
 * @property {BookingState} state
 * @property {import("../seats/seat-inventory.js").SeatInventory | null} inventory
 * @property {boolean} chartFailed
 * @property {import("../choosing/seats-view.js").SeatsView} seatsView
 * @property {Pending} pending
 *
 * @typedef {{onDrop: (seat: string) => void, onDropStanding: () => void, onShow: (booking: Booking) => void}} Listener
 */

const texts = all.seats;
const HIDDEN_PHASES = new Set(["connecting", "elsewhere", "unknown"]);

/**
 * Bind buttons to actions by their ids. A busy button does nothing.
 * @param {Record<string, () => unknown>} acts
 */
export function bindButtons(acts) {
  for (const [id, act] of Object.entries(acts)) {
    byId(id).addEventListener("click", () => {
      if (byId(id).getAttribute("aria-disabled") !== "true") act();
    });
  }
}

/**
 * Draw booking, except for what changes with the clock alone, and move the focus with its panels.
 * @param {View} view @param {Listener} listener
 */
export function drawBookingView(view, listener) {
  const { state, inventory, pending } = view;
  const moveFocus = trackFocus();
  const open = hasOpenHold(state);
  drawPanels(view);
  drawSeats(view, listener);
  drawEnded(state);
  drawHold(state, inventory, { pending, problem: problemOf(view, open) });
  if (state.booking) drawBooking(state.booking, inventory, state);
  drawBookingList(state.bookings, open ? "" : (state.booking?.id ?? ""), listener.onShow);
  if (HIDDEN_PHASES.has(state.phase)) byId("bookings").hidden = true;
  moveFocus(state.ended !== null);
}

/**
 * Announce what a frame has changed, to screen readers.
 * @param {BookingState} before
 * @param {BookingState} state
 * @param {Frame} frame
 * @param {ServerClock} clock
 */
export function announceFrame(before, state, frame, clock) {
  const left = () => minutesLeft(state, clock);
  if (frame.type === "hold.created") {
    announce(texts.hold.announce(countText(frame.hold), left()));
  } else if (frame.type === "hold.extended") announce(texts.hold.extended(left()));
  else if (frame.type === "booking.updated" && state.booking?.id === frame.booking.id)
    announce(bookingAnnouncement(frame.booking));
  announceLostSeats(before, state);
  if (state.ended && !before.ended) announceUrgently(endedText(state));
}

/**
 * Announce seats that the selection has lost to others.
 * @param {BookingState} before @param {BookingState} state
 */
export function announceLostSeats(before, { selection }) {
  const { seats, lost } = selection;
  if (lost.length && lost !== before.selection.lost)
    announceUrgently(lostSeatsText(lost, seats.length));
}

/** @param {View} view */
function drawPanels({ state, inventory, pending }) {
  const { phase, hold, booking, ended } = state;
  const [mode, open] = [modeOf(state), hasOpenHold(state)];
  const seatsVisible = phase !== "closed" || hold !== null;
  byId("office").hidden = HIDDEN_PHASES.has(phase);
  byId("office").dataset.mode = mode;
  document.body.dataset.panel = open ? "held" : booking ? "booking" : "none";
  document.body.dataset.shown = booking && !open ? `${booking.id} ${booking.state}` : "";
  const isEmpty = inventory !== null && inventory.sections.length === 0;
  byId("seats").hidden = isEmpty || !seatsVisible || (mode === "holding" && hold?.seats.length === 0);
  byId("choice").hidden = mode !== "choosing" || !hasSelection(state, pending);
  byId("held").hidden = !open;
  byId("booking").hidden = !booking || open;
  byId("ended").hidden = !ended;
}

/**
 * Remember the panel and the focus. Return a function that moves the focus to the new panel.
 * @returns {(hasEnded: boolean) => void}
 */
function trackFocus() {
  const { panel: before, shown: shownBefore = "" } = document.body.dataset;
  const focused = document.activeElement;
  const isOurs = !focused || focused === document.body || byId("office").contains(focused);
  return (hasEnded) => {
    const { panel: after = "none", shown = "" } = document.body.dataset;
    const isSame = before === after && (shown === shownBefore || !shownBefore);
    if (before === undefined || isSame || !isOurs) return;
    const heading = { held: "held-title", booking: "booking-title", none: "seats-title" }[after];
    const target = byId(hasEnded ? "ended" : (heading ?? "seats-title"));
    target.focus();
    const panel = target.closest("section") ?? target;
    panel.scrollIntoView({ block: after === "booking" ? "start" : "nearest" });
  };
}

/** @param {View} view @param {Listener} listener */
function drawSeats(view, { onDrop, onDropStanding }) {
  const { state, inventory, chartFailed, seatsView, pending } = view;
  byId("house").hidden = !inventory;
  setTextOrHide(byId("seats-hint"), inventory ? "" : chartFailed ? texts.failed : texts.loading);
  byId("seats-again").hidden = inventory !== null || !chartFailed;
  if (!inventory) return;
  const [mode, ticketsMax, holding] = [modeOf(state), ticketsLeft(state), pending.creating];
  const { shows, selection } = state;
  const overrides = seatOverrides(state);
  seatsView.draw({ inventory, shows, mode, ticketsMax, busy: holding, overrides, selection });
  const problem = problemOf(view, !hasOpenHold(state));
  const single = seatsView.singleBeside(selection.seats);
  const listener = { onDrop, onDropStanding };
  drawSelection(selection, inventory, { shows, single, ticketsMax, holding, problem, ...listener });
}

/**
 * Return whether there is a selection, or something to say about it.
 * @param {BookingState} state @param {Pending} pending
 */
function hasSelection({ selection, problem }, { creating }) {
  const { lost, limitReached } = selection;
  return countOf(selection) > 0 || lost.length > 0 || limitReached || creating || problem !== null;
}

/** @param {BookingState} state */
function drawEnded(state) {
  setTextOrHide(byId("ended-text"), state.ended ? endedText(state) : "");
}

/** @param {BookingState} state */
function endedText({ ended }) {
  const byReason = /** @type {Record<string, string>} */ (texts.ended);
  return byReason[ended?.reason ?? ""] ?? texts.ended.away;
}

/** @param {Booking} booking */
function bookingAnnouncement(booking) {
  return booking.state === "held" ? texts.pay.declined : textOf(texts.booking.titles, booking);
}

/** @param {BookingState} state @param {ServerClock} clock */
function minutesLeft({ hold }, clock) {
  return texts.hold.minutes(Math.max(1, Math.floor(clock.secondsLeft(hold?.expires_at) / 60)));
}

/**
 * Return the text of the last refusal, or "".
 * @param {View} view @param {boolean} isHere whether this panel sent the command
 */
function problemOf({ state, pending }, isHere) {
  const { problem, selection } = state;
  if (!problem || !isHere) return "";
  if (isRetryable(problem.code)) return pending.retried ? texts.refused.temporary : "";
  if (problem.code === "seats_taken" && selection.lost.length) return "";
  return /** @type {Record<string, string>} */ (texts.refused)[problem.code] ?? problem.detail;
}
