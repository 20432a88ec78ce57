// Shows the box office: which of its panels are there, what they say, where the focus goes.

import { passes } from "../connection/pending-commands.js";
import { drawChoice } from "../seats/selection-panel.js";
import { texts } from "../texts/en.js";
import { part, writeIf } from "../ui/dom.js";
import { pick } from "./booking-actions.js";
import { drawBooking } from "./booking-panel.js";
import { holds, show } from "./booking-state.js";
import { drawHold } from "./hold-panel.js";

/**
 * @typedef {import("./booking-controller.js").Office} Office
 * @typedef {import("./booking-state.js").Booth} Booth
 */

const words = texts.seats;
const NOWHERE = new Set(["connecting", "elsewhere", "unknown"]);

/** Show everything but what changes with the clock alone. @param {Office} office */
export function drawOffice(office) {
  const { booth, house, phase } = office;
  const mode = office.mode();
  const held = holds(booth);
  const here = !NOWHERE.has(phase);
  const looks = phase !== "closed" || booth.hold !== null;
  part("office").hidden = !here;
  part("office").dataset.mode = mode;
  document.body.dataset.booth = held ? "held" : booth.booking ? "booking" : "none";
  part("seats").hidden = !looks || (mode === "holding" && booth.hold?.seats.length === 0);
  part("choice").hidden = mode !== "choosing" || !hasSaid(office);
  part("held").hidden = !held;
  part("booking").hidden = !booth.booking || held;
  part("ended").hidden = !booth.ended;
  drawSeats(office);
  drawEnded(booth);
  drawHold(booth, house, { asking: askingOf(office), problem: problemOf(office, held) });
  if (booth.booking) {
    const { cancelling, cancelProblem: problem } = office;
    drawBooking(booth.booking, house, { cancelling, problem, mayChoose: phase === "admitted" });
  }
  office.bookings.draw(held ? "" : (booth.booking?.id ?? ""), (booking) => {
    office.booth = show(office.booth, booking);
    office.draw(office.phase);
    part("booking-title").focus();
  });
  if (!here) part("bookings").hidden = true;
}

/**
 * Look where the focus is; afterwards it follows the panel that has come or gone.
 * @returns {(booth: Booth) => void}
 */
export function watchFocus() {
  const before = document.body.dataset.booth;
  const focused = document.activeElement;
  const ours = !focused || focused === document.body || part("office").contains(focused);
  return ({ ended }) => {
    const after = document.body.dataset.booth ?? "none";
    if (before === undefined || before === after || !ours) return;
    const heading = { held: "held-title", booking: "booking-title", none: "seats-title" }[after];
    const to = ended ? "ended" : (heading ?? "seats-title");
    part(to).focus();
    part(to).scrollIntoView({ block: "nearest" });
  };
}

/** @param {Office} office */
function drawSeats(office) {
  const { house, failed } = office;
  part("house").hidden = !house;
  writeIf(part("seats-hint"), house ? "" : failed ? words.failed : words.loading);
  part("seats-again").hidden = house !== null || !failed;
  if (!house) return;
  const busy = office.wishes.wants("hold.create");
  const [shows, mode, most, ours] = [office.shows, office.mode(), office.most(), office.ours()];
  office.view.draw({ house, shows, mode, most, busy, ours });
  const problem = problemOf(office, !holds(office.booth));
  drawChoice(office.choice, house, { most, busy, problem, onDrop: (seat) => pick(office, seat) });
}

/** Whether there is a choice, or something to say about it. @param {Office} office */
function hasSaid({ choice, booth, wishes }) {
  const { seats, lost, full } = choice;
  const busy = wishes.wants("hold.create");
  return seats.length > 0 || lost.length > 0 || full || busy || booth.problem !== null;
}

/** @param {Booth} booth */
function drawEnded({ ended }) {
  const reasons = /** @type {Record<string, string>} */ (words.ended);
  writeIf(part("ended-text"), ended ? (reasons[ended.reason] ?? words.ended.away) : "");
}

/** What of the hold has been asked for and is not answered. @param {Office} office */
function askingOf({ wishes }) {
  return {
    extending: wishes.wants("hold.extend"),
    releasing: wishes.wants("hold.release"),
    paying: wishes.wants("hold.checkout"),
  };
}

/**
 * What is said of a refusal, in the panel where it was asked.
 * @param {Office} office @param {boolean} here whether that is the one
 */
function problemOf({ booth, choice, wishes }, here) {
  const { problem } = booth;
  if (!problem || !here) return "";
  if (passes(problem.code)) {
    return wishes.isDelayed("hold.create") || wishes.isDelayed("hold.checkout")
      ? words.refused.temporary
      : "";
  }
  if (problem.code === "seats_taken" && choice.lost.length) return "";
  return /** @type {Record<string, string>} */ (words.refused)[problem.code] ?? problem.detail;
}
