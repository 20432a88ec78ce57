// Shows the box controller: which of its panels are there, what they say, where the focus goes.

import { isRetryable } from "../connection/pending-commands.js";
import { drawSelection } from "../seats/selection-panel.js";
import { en } from "../texts/en.js";
import { byId, setTextOrHide } from "../ui/dom.js";
import { pick } from "./booking-actions.js";
import { drawBooking } from "./booking-panel.js";
import { holds, show } from "./booking-state.js";
import { drawHold } from "./hold-panel.js";

/**
 * @typedef {import("./booking-controller.js").BookingController} BookingController
 * @typedef {import("./booking-state.js").BookingState} BookingState
 */

const texts = en.seats;
const NOWHERE = new Set(["connecting", "elsewhere", "unknown"]);

/** Show everything but what changes with the clock alone. @param {BookingController} controller */
export function drawBookingView(controller) {
  const { state, inventory, phase } = controller;
  const mode = controller.mode();
  const held = holds(state);
  const here = !NOWHERE.has(phase);
  const looks = phase !== "closed" || state.hold !== null;
  byId("office").hidden = !here;
  byId("office").dataset.mode = mode;
  document.body.dataset.panel = held ? "held" : state.booking ? "booking" : "none";
  byId("seats").hidden = !looks || (mode === "holding" && state.hold?.seats.length === 0);
  byId("choice").hidden = mode !== "choosing" || !hasSaid(controller);
  byId("held").hidden = !held;
  byId("booking").hidden = !state.booking || held;
  byId("ended").hidden = !state.ended;
  drawSeats(controller);
  drawEnded(state);
  drawHold(state, inventory, {
    pending: askingOf(controller),
    problem: problemOf(controller, held),
  });
  if (state.booking) {
    const { cancelling, cancelProblem: problem } = controller;
    drawBooking(state.booking, inventory, { cancelling, problem, mayChoose: phase === "admitted" });
  }
  controller.bookings.draw(held ? "" : (state.booking?.id ?? ""), (booking) => {
    controller.state = show(controller.state, booking);
    controller.draw(controller.phase);
    byId("booking-title").focus();
  });
  if (!here) byId("bookings").hidden = true;
}

/**
 * Look where the focus is; afterwards it follows the panel that has come or gone.
 * @returns {(state: BookingState) => void}
 */
export function trackFocus() {
  const before = document.body.dataset.panel;
  const focused = document.activeElement;
  const overrides = !focused || focused === document.body || byId("office").contains(focused);
  return ({ ended }) => {
    const after = document.body.dataset.panel ?? "none";
    if (before === undefined || before === after || !overrides) return;
    const heading = { held: "held-title", booking: "booking-title", none: "seats-title" }[after];
    const to = ended ? "ended" : (heading ?? "seats-title");
    byId(to).focus();
    byId(to).scrollIntoView({ block: "nearest" });
  };
}

/** @param {BookingController} controller */
function drawSeats(controller) {
  const { inventory, failed } = controller;
  byId("house").hidden = !inventory;
  setTextOrHide(byId("seats-hint"), inventory ? "" : failed ? texts.failed : texts.loading);
  byId("seats-again").hidden = inventory !== null || !failed;
  if (!inventory) return;
  const busy = controller.commands.isPending("hold.create");
  const [shows, mode, ticketsMax, overrides] = [
    controller.shows,
    controller.mode(),
    controller.most(),
    controller.overrides(),
  ];
  controller.view.draw({ inventory, shows, mode, ticketsMax, busy, overrides });
  const problem = problemOf(controller, !holds(controller.state));
  drawSelection(controller.selection, inventory, {
    ticketsMax,
    holding: busy,
    problem,
    onDrop: (seat) => pick(controller, seat),
  });
}

/** Whether there is a selection, or something to say about it. @param {BookingController} controller */
function hasSaid({ selection, state, commands }) {
  const { seats, lost, limitReached } = selection;
  const busy = commands.isPending("hold.create");
  return seats.length > 0 || lost.length > 0 || limitReached || busy || state.problem !== null;
}

/** @param {BookingState} state */
function drawEnded({ ended }) {
  const reasons = /** @type {Record<string, string>} */ (texts.ended);
  setTextOrHide(byId("ended-text"), ended ? (reasons[ended.reason] ?? texts.ended.away) : "");
}

/** What of the hold has been command for and is not answered. @param {BookingController} controller */
function askingOf({ commands }) {
  return {
    extending: commands.isPending("hold.extend"),
    releasing: commands.isPending("hold.release"),
    paying: commands.isPending("hold.checkout"),
  };
}

/**
 * What is said of a refusal, in the panel where it was command.
 * @param {BookingController} controller @param {boolean} here whether that is the one
 */
function problemOf({ state, selection, commands }, here) {
  const { problem } = state;
  if (!problem || !here) return "";
  if (isRetryable(problem.code)) {
    return commands.isRetried("hold.create") || commands.isRetried("hold.checkout")
      ? texts.refused.temporary
      : "";
  }
  if (problem.code === "seats_taken" && selection.lost.length) return "";
  return /** @type {Record<string, string>} */ (texts.refused)[problem.code] ?? problem.detail;
}
