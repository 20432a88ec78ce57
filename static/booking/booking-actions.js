// What a visitor does in the box office: choose, hold, extend, release, pay, cancel.

import { ask } from "../lib/api.js";
import { newKey } from "../lib/idempotency-key.js";
import { toggled } from "../seats/selection.js";
import { texts } from "../texts/en.js";
import { confirmed } from "../ui/confirm-dialog.js";
import { part } from "../ui/dom.js";
import { tell } from "../ui/live-region.js";
import { dismiss } from "./booking-state.js";
import { contactGiven, rememberEmail } from "./contact-field.js";
import { methodChosen } from "./hold-panel.js";

/** @typedef {import("./booking-controller.js").Office} Office */

const words = texts.seats;

/** Let the buttons act. @param {Office} office */
export function listen(office) {
  press("hold", () => holdChosen(office));
  press("extend", () => want(office, "hold.extend"));
  press("release", () => release(office));
  rememberEmail();
  press("pay", () => pay(office));
  press("cancel", () => cancel(office));
  press("print", () => print());
  press("booking-close", () => close(office));
  press("ended-close", () => close(office));
  press("seats-again", () => office.load());
}

/** Choose a seat, or choose it no more. @param {Office} office @param {string} seat */
export function pick(office, seat) {
  office.choice = toggled(office.choice, seat, office.most());
  office.booth = { ...office.booth, ended: null, problem: null };
  office.redraw();
}

/**
 * Wish to hold; a new wish has a new key.
 * @param {Office} office
 * @param {{seats: string[]} | {section: string, quantity: number}} what
 */
export function hold(office, what) {
  office.booth = { ...office.booth, ended: null, problem: null };
  office.choice = { ...office.choice, lost: [], full: false };
  office.wishes.want("hold.create", 0, { key: newKey(), ...what });
  office.redraw();
}

/** @param {Office} office */
function holdChosen(office) {
  const { seats } = office.choice;
  if (seats.length) hold(office, { seats });
}

/**
 * Want something of the hold.
 * @param {Office} office
 * @param {import("../connection/pending-commands.js").Wish} wish
 * @param {Record<string, unknown>} [members]
 */
function want(office, wish, members = {}) {
  const held = office.booth.hold;
  if (!held) return;
  office.booth = { ...office.booth, problem: null };
  office.wishes.want(wish, 0, { hold: held.id, ...members }, held.extensions_left);
  office.redraw();
}

/** Check out, unless what should be an address is none. @param {Office} office */
function pay(office) {
  const contact = contactGiven();
  if (contact) want(office, "hold.checkout", { payment_method: methodChosen(), ...contact });
}

/** @param {Office} office */
async function release(office) {
  if (await confirmed(part("asking"), words.hold.ask)) want(office, "hold.release");
}

/** Cancel the booking that is shown, when that is really meant. @param {Office} office */
async function cancel(office) {
  const { booking } = office.booth;
  if (!booking || !(await confirmed(part("asking"), words.booking.ask))) return;
  office.cancelling = true;
  office.cancelProblem = "";
  office.redraw();
  try {
    const path = `/api/v1/bookings/${encodeURIComponent(booking.id)}/cancel`;
    const answer = await ask("POST", path);
    if (answer?.booking) office.take(answer.booking);
    else await office.inquiry.booking(booking.id);
    tell(words.booking.cancelled);
  } catch (problem) {
    const { code, message } = /** @type {import("../lib/api.js").Problem} */ (problem);
    office.cancelProblem = code === "not_refundable" ? words.booking.notRefundable : message;
  }
  office.cancelling = false;
  office.redraw();
}

/** Somebody has seen enough of it. @param {Office} office */
function close(office) {
  office.booth = dismiss(office.booth);
  office.cancelProblem = "";
  office.redraw();
}

/** What a button does, unless it is busy. @param {string} id @param {() => unknown} act */
function press(id, act) {
  part(id).addEventListener("click", () => {
    if (part(id).getAttribute("aria-disabled") !== "true") act();
  });
}
