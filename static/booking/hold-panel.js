// What is held, for how long, and how it is paid.

import { price } from "../lib/money.js";
import { countdown } from "../lib/server-clock.js";
import { texts } from "../texts/en.js";
import { make, part, renew, write, writeIf } from "../ui/dom.js";
import { alarm } from "../ui/live-region.js";
import { isDeclined } from "./booking-state.js";

/**
 * @typedef {import("./booking-state.js").Booth} Booth
 * @typedef {import("./booking-state.js").Hold} Hold
 * @typedef {import("./booking-state.js").Booking} Booking
 * @typedef {import("../seats/seat-inventory.js").House} House
 * @typedef {{extending: boolean, releasing: boolean, paying: boolean}} Asking
 */

const SOON_S = 60;
const words = texts.seats;

let announced = "";

/** Fill in what never changes: the methods of the practice bank. */
export function fillMethods() {
  part("methods").append(
    ...Object.entries(words.pay.methods).map(([method, [title, lead]], at) => {
      const radio = make("input", {
        type: "radio",
        name: "method",
        value: method,
        "data-testid": `method-${method}`,
        ...(at === 0 ? { checked: "" } : {}),
      });
      return make(
        "label",
        { class: "method" },
        radio,
        make("span", {}, make("strong", {}, title), make("small", {}, lead)),
      );
    }),
  );
}

/** The method that is chosen. */
export function methodChosen() {
  const radio = document.querySelector("input[name=method]:checked");
  return /** @type {HTMLInputElement | null} */ (radio)?.value ?? "ok";
}

/**
 * Show the hold, except for what changes with the clock alone.
 * @param {Booth} booth
 * @param {House | null} house
 * @param {{asking: Asking, problem: string}} now
 */
export function drawHold(booth, house, { asking, problem }) {
  const { hold } = booth;
  if (!hold) return;
  const total = price(hold.total);
  write(part("held-title"), hold.seats.length ? words.hold.title : words.hold.titlePlaces);
  renew(part("held-seats"), hold, () => linesOf(hold, house));
  write(part("held-total"), total);
  writeIf(part("apart"), hold.adjacent === false ? words.hold.apart : "");
  write(part("extend"), asking.extending ? words.hold.extending : words.hold.extend);
  write(part("extensions"), words.hold.left(hold.extensions_left));
  busy("extend", asking.extending || asking.paying || hold.extensions_left === 0);
  write(part("release"), asking.releasing ? words.hold.releasing : words.hold.release);
  busy("release", asking.releasing || asking.paying);
  const declined = isDeclined(booth);
  writeIf(part("declined"), declined ? words.pay.declined : "");
  const pay = declined ? words.pay.again(total) : words.pay.button(total);
  const free = hold.total.amount === 0;
  part("payment").hidden = free;
  write(part("pay"), asking.paying ? words.pay.asking : free ? words.pay.free : pay);
  busy("pay", asking.paying || asking.releasing);
  writeIf(part("hold-problem"), problem);
}

/**
 * Show what changes with the clock.
 * @param {Booth} booth
 * @param {import("../lib/server-clock.js").Clock} clock
 */
export function drawHoldTimes({ hold, warned }, clock) {
  if (!hold) return;
  const left = clock.secondsTo(hold.expires_at);
  write(part("hold-countdown"), left ? countdown(left) : words.hold.over);
  const soon = left > 0 && (warned || left <= SOON_S);
  part("hold-countdown").classList.toggle("soon", left <= SOON_S);
  writeIf(part("hold-soon"), soon ? words.hold.soon(countdown(left)) : "");
  if (soon && announced !== hold.expires_at) {
    announced = hold.expires_at;
    alarm(words.hold.soon(countdown(left)));
  }
}

/**
 * What is held or booked, a line for each seat.
 * @param {Pick<Hold, "seats" | "section" | "quantity" | "total">} held
 * @param {House | null} house
 */
export function linesOf({ seats, section, quantity, total }, house) {
  const nameOf = (/** @type {string | undefined} */ id) =>
    house?.section(id ?? "")?.name ?? id ?? "";
  if (seats.length === 0) return [line(nameOf(section), words.standing(quantity), price(total))];
  return seats.map((seat) =>
    line(nameOf(seat.section), words.seat(seat.row, seat.number), price(seat.price)),
  );
}

/** @param {string} section @param {string} what @param {string} cost */
function line(section, what, cost) {
  return make(
    "li",
    {},
    make("span", {}, make("strong", {}, what), " ", make("small", {}, section)),
    make("span", { class: "price" }, cost),
  );
}

/** A busy button keeps the focus. @param {string} id @param {boolean} is */
function busy(id, is) {
  part(id).setAttribute("aria-disabled", String(is));
}
