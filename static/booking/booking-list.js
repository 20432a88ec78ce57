// Everything that this visitor has booked for one event, as a list.

import { request } from "../lib/api.js";
import { formatPrice } from "../lib/money.js";
import { en } from "../texts/en.js";
import { byId, createElement, renderIfChanged } from "../ui/dom.js";
import { textOf } from "./booking-panel.js";

/** @typedef {import("./booking-state.js").Booking} Booking */

const texts = en.seats;
const QUIET = new Set(["held", "expired", "released"]); // nothing was bought

/** The bookings of one visitor. */
export class BookingList {
  /** @type {Booking[]} */ all = [];
  #event;

  /** @param {string} event */
  constructor(event) {
    this.#event = event;
  }

  /** Ask for all of them; what is known stays when nobody answers. */
  async load() {
    try {
      const { bookings } = await request("GET", "/api/v1/bookings?limit=1000");
      this.all = bookings.filter((/** @type {Booking} */ one) => one.event === this.#event);
    } catch {
      // a list is not worth an alarm: the next welcome asks again
    }
  }

  /** One of them has changed, or is new. @param {Booking} booking */
  update(booking) {
    if (booking.event !== this.#event) return;
    const others = this.all.filter((one) => one.id !== booking.id);
    this.all = [booking, ...others].sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  /** How many tickets are bought, or being paid. */
  quantity() {
    return this.#sum(new Set(["confirmed", "paying", "retaking"]));
  }

  /** The seats that are this visitor's own. */
  seats() {
    return this.all
      .filter((one) => one.state === "confirmed" || one.state === "paying")
      .flatMap((one) => one.seats.map((seat) => seat.id));
  }

  /**
   * Show them.
   * @param {string} shown the one that is shown
   * @param {(one: Booking) => void} onShow
   */
  draw(shown, onShow) {
    const bought = this.all.filter((one) => !QUIET.has(one.state));
    byId("bookings").hidden = bought.length === 0;
    renderIfChanged(byId("booking-list"), [bought, shown], () =>
      bought.map((one) => row(one, one.id === shown, onShow)),
    );
  }

  /** @param {Set<string>} states */
  #sum(states) {
    return this.all.reduce((sum, one) => sum + (states.has(one.state) ? one.quantity : 0), 0);
  }
}

/** @param {Booking} booking @param {boolean} isShown @param {(one: Booking) => void} onShow */
function row(booking, isShown, onShow) {
  const button = createElement(
    "button",
    { type: "button", "data-booking": booking.id },
    texts.bookings.show,
  );
  button.addEventListener("click", () => onShow(booking));
  return createElement(
    "li",
    {},
    createElement(
      "span",
      {},
      createElement("strong", {}, booking.reference ?? ""),
      createElement(
        "small",
        {},
        `${texts.places(booking.quantity)} · ${formatPrice(booking.total)}`,
      ),
    ),
    createElement(
      "span",
      { class: "chip", "data-state": booking.state },
      textOf(texts.booking.states, booking),
    ),
    isShown ? createElement("span", { class: "soft" }, texts.bookings.shown) : button,
  );
}
