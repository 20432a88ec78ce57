// Bookings of an event, page by page: in which state, whose, for how much; refunds, and a file.

import { price } from "../lib/money.js";
import { texts } from "../texts/en.js";
import { confirmed } from "../ui/confirm-dialog.js";
import { control, make, part } from "../ui/dom.js";
import { attempt, showProblem } from "../ui/notices.js";

/**
 * @typedef {import("../admin.js").Desk} Desk
 * @typedef {import("../booking/booking-state.js").Booking & {visitor: string}} Booking
 */

const PAGE = 10;
const ABOUT_MS = 60_000; // a download has read its address long before
const words = texts.admin.bookings;
const states = texts.seats.booking.states;

/** @param {Desk} desk */
export function bookings(desk) {
  /** @type {Booking[]} */
  let shown = [];
  /** @type {string | null} */
  let next = null;
  let event = "";

  /** @param {string | null} [after] where to go on */
  const load = async (after = null) => {
    const asked = event;
    const query = queryOf({ limit: String(PAGE), ...(after ? { after } : {}) });
    try {
      const page = await desk.session.read(`${pathOf(asked)}?${query}`);
      if (asked !== event) return;
      shown = after ? [...shown, ...page.bookings] : page.bookings;
      next = page.next ?? null;
      draw();
    } catch (problem) {
      showProblem(problem);
    }
  };

  const draw = () => {
    part("booking-rows").replaceChildren(...shown.map((booking) => row(booking, refund)));
    part("bookings-none").hidden = shown.length > 0;
    part("bookings-table").hidden = shown.length === 0;
    part("bookings-more").hidden = !next;
    if (desk.session.who?.role !== "viewer") return;
    for (const button of part("booking-rows").querySelectorAll("button")) button.disabled = true;
  };

  /** @param {Booking} booking */
  const refund = async (booking) => {
    const asked = words.ask;
    const question = asked.question(booking.reference);
    const lead = asked.lead(price(booking.total));
    if (!(await confirmed(part("confirm"), { question, lead, yes: asked.yes }))) return;
    const path = `/bookings/${encodeURIComponent(booking.id)}/refund`;
    await attempt(async () => {
      const answer = await desk.session.write("POST", path);
      took(answer?.booking ?? { ...booking, state: "refunding" });
      desk.noted();
    }, words.refunding(booking.reference));
  };

  /** @param {Partial<Booking>} booking */
  const took = (booking) => {
    shown = shown.map((one) => (one.id === booking.id ? { ...one, ...booking } : one));
    draw();
  };

  const save = async () => {
    const asked = event;
    await attempt(async () => download(await every(asked), `${asked}-bookings.csv`));
  };

  /** Every page of the file, under the columns' names of the first. @param {string} asked */
  const every = async (asked) => {
    let [whole, after] = ["", ""];
    do {
      const query = queryOf({ limit: "1000", ...(after ? { after } : {}) });
      const page = await desk.session.readText(`${pathOf(asked)}?${query}`, "text/csv");
      whole += whole ? page.text.slice(page.text.indexOf("\n") + 1) : page.text;
      after = page.next;
    } while (after);
    return new Blob([whole], { type: "text/csv" });
  };

  const named = Object.entries({ "": words.all, ...states });
  part("bookings-state").append(...named.map(([value, text]) => make("option", { value }, text)));
  part("bookings-state").addEventListener("change", () => void load());
  part("bookings-again").addEventListener("click", () => void load());
  part("bookings-more").addEventListener("click", () => void load(next));
  part("bookings-csv").addEventListener("click", () => void save());

  return {
    /** @param {import("../admin.js").Event} chosen */
    show(chosen) {
      if (event === chosen.id) return;
      [event, shown, next] = [chosen.id, [], null];
      void load();
    },
    hide() {
      event = "";
    },
  };
}

/** @param {Booking} booking @param {(booking: Booking) => void} onRefund */
function row(booking, onRefund) {
  const { id, reference, state, reason, quantity, total, visitor } = booking;
  const said = /** @type {Record<string, string>} */ (states)[state] ?? state;
  const button = make("button", { type: "button", "data-refund": id }, words.refund);
  button.addEventListener("click", () => onRefund(booking));
  const cell = (/** @type {string} */ name, /** @type {(Node | string)[]} */ ...inside) =>
    make("td", { "data-label": name }, ...(inside.length ? [make("span", {}, ...inside)] : []));
  const why = reason ? [" ", make("small", {}, reason)] : [];
  return make(
    "tr",
    { "data-booking": id },
    cell(words.columns.reference, make("strong", {}, reference ?? "")),
    cell(words.columns.state, make("span", { class: "chip", "data-state": state }, said), ...why),
    cell(words.columns.what, whatOf(booking, quantity)),
    cell(words.columns.total, price(total)),
    cell(words.columns.visitor, make("code", {}, visitor)),
    cell("", ...(state === "confirmed" ? [button] : [])),
  );
}

/** @param {Booking} booking @param {number} quantity */
function whatOf({ seats, section }, quantity) {
  if (seats.length === 0) return `${section ?? ""} × ${texts.figure(quantity)}`;
  return seats.map((seat) => seat.id).join(", ");
}

/** @param {Record<string, string>} more */
function queryOf(more) {
  const state = control("bookings-state").value;
  return new URLSearchParams({ ...(state ? { state } : {}), ...more }).toString();
}

/** @param {string} event */
function pathOf(event) {
  return `/events/${encodeURIComponent(event)}/bookings`;
}

/** Let the browser save a file. @param {Blob} file @param {string} name */
function download(file, name) {
  const url = URL.createObjectURL(file);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), ABOUT_MS);
}
