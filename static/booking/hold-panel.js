// The hold panel: held seats, the time left, and the payment.

import { includesText } from "../checkout/price-includes.js";
import { drawTerms } from "../checkout/terms.js";
import { showDateAndTime } from "../lib/dates.js";
import { formatPrice } from "../lib/money.js";
import { countdown } from "../lib/server-clock.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement, renderIfChanged, setText, setTextOrHide } from "../ui/dom.js";
import { announceUrgently } from "../ui/live-region.js";
import { isDeclined, standingOf } from "./booking-state.js";

/**
 * @typedef {import("./booking-state.js").BookingState} BookingState
 * @typedef {import("./booking-state.js").Hold} Hold
 * @typedef {import("./booking-state.js").Booking} Booking
 * @typedef {import("../seats/seat-inventory.js").SeatInventory} SeatInventory
 * @typedef {import("../lib/dates.js").Show} Show
 * @typedef {{extending: boolean, releasing: boolean, paying: boolean}} Pending commands
 */

const SOON_S = 60;
const texts = all.seats;

let announced = "";
/** Ends of holds: the last one with more than a minute left, and the one that was asked about. */
const lastMinute = { before: "", asked: "" };

/** Fill in the methods of the practice bank, which never change. */
export function fillMethods() {
  byId("methods").append(
    ...Object.entries(texts.pay.methods).map(([method, [title, lead]], at) => {
      const radio = createElement("input", {
        type: "radio",
        name: "method",
        value: method,
        "data-testid": `method-${method}`,
        ...(at === 0 ? { checked: "" } : {}),
      });
      return createElement(
        "label",
        { class: "method" },
        radio,
        createElement(
          "span",
          {},
          createElement("strong", {}, title),
          createElement("small", {}, lead),
        ),
      );
    }),
  );
}

/** Return the chosen payment method. */
export function methodChosen() {
  const radio = document.querySelector("input[name=method]:checked");
  return /** @type {HTMLInputElement | null} */ (radio)?.value ?? "ok";
}

/**
 * Draw the hold, except for what changes with the clock alone.
 * @param {BookingState} state
 * @param {SeatInventory | null} inventory
 * @param {{pending: Pending, problem: string}} view
 */
export function drawHold(state, inventory, { pending, problem }) {
  const { hold } = state;
  if (!hold) return;
  const total = formatPrice(hold.total);
  const isSeated = hold.seats.length === hold.quantity;
  setText(byId("held-title"), isSeated ? texts.hold.title(hold.seats.length) : texts.hold.titlePlaces);
  const { shows, details } = state;
  renderIfChanged(byId("held-seats"), [hold, shows, inventory !== null], () =>
    linesOf(hold, inventory, shows),
  );
  setTextOrHide(byId("held-show"), showText(hold.show, details));
  byId("mail").hidden = !details.mail;
  byId("buyer").hidden = details.names !== "buyer";
  setText(byId("held-total"), total);
  setTextOrHide(byId("held-includes"), includesText(hold, details.sections));
  setTextOrHide(byId("apart"), hold.adjacent === false && state.askedForBest ? texts.hold.apart : "");
  setText(byId("extend"), pending.extending ? texts.hold.extending : texts.hold.extend);
  setText(byId("extensions"), texts.hold.left(hold.extensions_left));
  setBusy("extend", pending.extending || pending.paying || hold.extensions_left === 0);
  setText(byId("release"), pending.releasing ? texts.hold.releasing : texts.hold.release);
  setBusy("release", pending.releasing || pending.paying);
  const declined = isDeclined(state);
  setTextOrHide(byId("declined"), declined ? texts.pay.declined : "");
  const pay = declined ? texts.pay.again(total) : texts.pay.button(total);
  const free = hold.total.amount === 0;
  byId("payment").hidden = free;
  drawTerms(details, free);
  setText(byId("pay"), pending.paying ? texts.pay.asking : free ? texts.pay.free : pay);
  setBusy("pay", pending.paying || pending.releasing);
  setTextOrHide(byId("hold-problem"), problem);
}

/**
 * Draw what changes with the clock, and announce the last minute once.
 * @param {BookingState} state
 * @param {import("../lib/server-clock.js").ServerClock} clock
 */
export function drawHoldTimes({ hold, warned }, clock) {
  if (!hold) return;
  const left = clock.secondsLeft(hold.expires_at);
  setText(byId("hold-countdown"), left ? countdown(left) : texts.hold.over);
  const soon = left > 0 && (warned || left <= SOON_S);
  byId("hold-countdown").classList.toggle("soon", left <= SOON_S);
  setTextOrHide(byId("hold-soon"), soon ? soonText(hold, left) : "");
  if (soon && announced !== hold.expires_at) {
    announced = hold.expires_at;
    announceUrgently(soonText(hold, left));
  }
}

/**
 * Ask in a dialog, once a minute before a hold ends, what becomes of it.
 * @param {Hold | null} hold that can be paid @param {import("../lib/server-clock.js").ServerClock} clock
 * @param {{isBusy: boolean, onAnswer: (answer: string) => void}} now `isBusy`: a command is not answered
 *   yet; the answer is `extend`, `release`, or "" to go on
 */
export function askBeforeEnd(hold, clock, { isBusy, onAnswer }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("hold-ending"));
  const left = hold ? clock.secondsLeft(hold.expires_at) : 0;
  if (hold && left > SOON_S) lastMinute.before = hold.expires_at;
  const isDue = left > 0 && left <= SOON_S && lastMinute.before === hold?.expires_at && !isBusy;
  if (!hold || !isDue) return dialog.close("");
  setText(byId("hold-ending-lead"), soonText(hold, left));
  if (lastMinute.asked === hold.expires_at || document.querySelector("dialog[open]")) return;
  lastMinute.asked = hold.expires_at;
  byId("hold-ending-extend").hidden = hold.extensions_left === 0;
  dialog.returnValue = "";
  dialog.onclose = () => onAnswer(dialog.returnValue);
  dialog.showModal();
}

/** @param {Hold} hold @param {number} left in seconds */
function soonText({ extensions_left: extensionsLeft }, left) {
  return (extensionsLeft > 0 ? texts.hold.soon : texts.hold.soonLast)(countdown(left));
}

/**
 * Return event, date with its zone, and venue as one line; "" where the date is not known.
 * @param {Show | undefined} show @param {import("./booking-state.js").EventDetails} details
 */
export function showText(show, details) {
  return show
    ? [details.name, showDateAndTime(show), details.venue?.name].filter(Boolean).join(" · ")
    : "";
}

/** Return how many seats these are, or places where some have no seat. @param {Pick<Hold, "seats" | "quantity">} held */
export function countText({ seats, quantity }) {
  return seats.length === quantity ? texts.seats(quantity) : texts.places(quantity);
}

/**
 * Return a line for each held or booked seat, and one for all standing places.
 * Places of several dates have their date on each line.
 * @param {Pick<Hold, "seats" | "section" | "standing" | "quantity" | "total" | "show">} held
 * @param {SeatInventory | null} inventory @param {Show[]} shows
 */
export function linesOf(held, inventory, shows) {
  const { seats, total, show } = held;
  const nameOf = (/** @type {string | undefined} */ id) =>
    inventory?.section(id ?? "")?.name ?? id ?? "";
  const dateOf = (/** @type {string} */ id) => {
    const own = shows.find((other) => other.id === inventory?.section(id)?.show);
    return own && !show ? ` · ${showDateAndTime(own)}` : "";
  };
  const nameAndDate = (/** @type {string} */ id) => nameOf(id) + dateOf(id);
  const lines = seats.map((seat) =>
    line(nameAndDate(seat.section), texts.seat(seat.row, seat.number), formatPrice(seat.price)),
  );
  const standing = standingOf(held);
  if (!standing) return lines;
  const amount = seats.reduce((rest, { price }) => rest - price.amount, total.amount);
  const sum = formatPrice({ ...total, amount });
  return [...lines, line(nameAndDate(standing.section), texts.standing(standing.quantity), sum)];
}

/** @param {string} section @param {string} what @param {string} cost */
function line(section, what, cost) {
  return createElement(
    "li",
    {},
    createElement(
      "span",
      {},
      createElement("strong", {}, what),
      " ",
      createElement("small", {}, section),
    ),
    createElement("span", { class: "price" }, cost),
  );
}

/** Mark a button as busy; `aria-disabled` keeps its focus. @param {string} id @param {boolean} is */
function setBusy(id, is) {
  byId(id).setAttribute("aria-disabled", String(is));
}
