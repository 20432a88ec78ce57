// The booking list: all of the visitor's bookings for one event.

import { showDateAndTime } from "../lib/dates.js";
import { formatPrice } from "../lib/money.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement, renderIfChanged } from "../ui/dom.js";
import { textOf } from "./booking-panel.js";
import { countText } from "./hold-panel.js";

/** @typedef {import("./booking-state.js").Booking} Booking */

const texts = all.seats;
const NOT_BOUGHT = new Set(["held", "expired", "released"]);

/**
 * Draw the list.
 * @param {Booking[]} bookings
 * @param {string} shownId of the booking whose panel is visible
 * @param {(booking: Booking) => void} onShow
 */
export function drawBookingList(bookings, shownId, onShow) {
  const bought = bookings.filter((booking) => !NOT_BOUGHT.has(booking.state));
  byId("bookings").hidden = bought.length === 0;
  renderIfChanged(byId("booking-list"), [bought, shownId], () =>
    bought.map((booking) => row(booking, booking.id === shownId, onShow)),
  );
}

/** @param {Booking} booking @param {boolean} isShown @param {(booking: Booking) => void} onShow */
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
        [
          countText(booking),
          formatPrice(booking.total),
          booking.show ? showDateAndTime(booking.show) : "",
        ]
          .filter(Boolean)
          .join(" · "),
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
