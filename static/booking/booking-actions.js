// What a visitor does in the box controller: choose, hold, extend, release, pay, cancel.

import { request } from "../lib/api.js";
import { newIdempotencyKey } from "../lib/idempotency-key.js";
import { toggleSeat } from "../seats/selection.js";
import { en } from "../texts/en.js";
import { askConfirmation } from "../ui/confirm-dialog.js";
import { byId } from "../ui/dom.js";
import { announce } from "../ui/live-region.js";
import { dismiss } from "./booking-state.js";
import { readContact, restoreEmail } from "./contact-field.js";
import { methodChosen } from "./hold-panel.js";

/** @typedef {import("./booking-controller.js").BookingController} BookingController */

const texts = en.seats;

/** Let the buttons act. @param {BookingController} controller */
export function listen(controller) {
  press("hold", () => holdChosen(controller));
  press("extend", () => send(controller, "hold.extend"));
  press("release", () => release(controller));
  restoreEmail();
  press("pay", () => pay(controller));
  press("cancel", () => cancel(controller));
  press("print", () => print());
  press("booking-close", () => close(controller));
  press("ended-close", () => close(controller));
  press("seats-again", () => controller.load());
}

/** Choose a seat, or choose it no more. @param {BookingController} controller @param {string} seat */
export function pick(controller, seat) {
  controller.selection = toggleSeat(controller.selection, seat, controller.most());
  controller.state = { ...controller.state, ended: null, problem: null };
  controller.redraw();
}

/**
 * CommandType to hold; a new wish has a new key.
 * @param {BookingController} controller
 * @param {{seats: string[]} | {section: string, quantity: number}} what
 */
export function hold(controller, what) {
  controller.state = { ...controller.state, ended: null, problem: null };
  controller.selection = { ...controller.selection, lost: [], limitReached: false };
  controller.commands.send("hold.create", 0, { key: newIdempotencyKey(), ...what });
  controller.redraw();
}

/** @param {BookingController} controller */
function holdChosen(controller) {
  const { seats } = controller.selection;
  if (seats.length) hold(controller, { seats });
}

/**
 * Want something of the hold.
 * @param {BookingController} controller
 * @param {import("../connection/pending-commands.js").CommandType} wish
 * @param {Record<string, unknown>} [members]
 */
function send(controller, wish, members = {}) {
  const held = controller.state.hold;
  if (!held) return;
  controller.state = { ...controller.state, problem: null };
  controller.commands.send(wish, 0, { hold: held.id, ...members }, held.extensions_left);
  controller.redraw();
}

/** Check out, unless what should be an address is none. @param {BookingController} controller */
function pay(controller) {
  const contact = readContact();
  if (contact) send(controller, "hold.checkout", { payment_method: methodChosen(), ...contact });
}

/** @param {BookingController} controller */
async function release(controller) {
  if (await askConfirmation(byId("asking"), texts.hold.ask)) send(controller, "hold.release");
}

/** Cancel the booking that is shown, when that is really meant. @param {BookingController} controller */
async function cancel(controller) {
  const { booking } = controller.state;
  if (!booking || !(await askConfirmation(byId("asking"), texts.booking.ask))) return;
  controller.cancelling = true;
  controller.cancelProblem = "";
  controller.redraw();
  try {
    const path = `/api/v1/bookings/${encodeURIComponent(booking.id)}/cancel`;
    const answer = await request("POST", path);
    if (answer?.booking) controller.take(answer.booking);
    else await controller.poll.booking(booking.id);
    announce(texts.booking.cancelled);
  } catch (problem) {
    const { code, message } = /** @type {import("../lib/api.js").Problem} */ (problem);
    controller.cancelProblem = code === "not_refundable" ? texts.booking.notRefundable : message;
  }
  controller.cancelling = false;
  controller.redraw();
}

/** Somebody has seen enough of it. @param {BookingController} controller */
function close(controller) {
  controller.state = dismiss(controller.state);
  controller.cancelProblem = "";
  controller.redraw();
}

/** What a button does, unless it is busy. @param {string} id @param {() => unknown} act */
function press(id, act) {
  byId(id).addEventListener("click", () => {
    if (byId(id).getAttribute("aria-disabled") !== "true") act();
  });
}
