// The bookings panel: an event's bookings page by page, refunds, and all of them as a CSV file.

import { showDateAndTime } from "../lib/dates.js";
import { formatPrice } from "../lib/money.js";
import { en } from "../texts/en.js";
import { askConfirmation } from "../ui/confirm-dialog.js";
import { byId, control, createElement } from "../ui/dom.js";
import { attempt, showProblem } from "../ui/notices.js";

/**
 * @typedef {import("../admin/session.js").AdminContext} AdminContext
 * @typedef {object} Booking as operators see it
 * @property {string} id
 * @property {string} reference
 * @property {string} state
 * @property {string} [reason]
 * @property {{id: string}[]} seats
 * @property {string} [section]
 * @property {number} quantity
 * @property {{amount: number, currency: string}} total
 * @property {string} visitor
 */

const PAGE = 10;
const REVOKE_MS = 60_000; // a download has started long before
const texts = en.admin.bookings;
const states = en.seats.booking.states;

/** Bind the panel. @param {AdminContext} context @returns {import("../admin/session.js").Panel} */
export function bookingsPanel(context) {
  /** @type {Booking[]} */
  let shown = [];
  /** @type {string | null} */
  let next = null;
  let event = "";

  /** @param {string | null} [after] where to go on */
  const load = async (after = null) => {
    const loading = event;
    const query = queryOf({ limit: String(PAGE), ...(after ? { after } : {}) });
    try {
      const page = await context.session.read(`${pathOf(loading)}?${query}`);
      if (loading !== event) return;
      shown = after ? [...shown, ...page.bookings] : page.bookings;
      next = page.next ?? null;
      draw();
    } catch (problem) {
      showProblem(problem);
    }
  };

  const draw = () => {
    byId("booking-rows").replaceChildren(...shown.map((booking) => row(booking, refund)));
    byId("bookings-none").hidden = shown.length > 0;
    byId("bookings-table").hidden = shown.length === 0;
    byId("bookings-more").hidden = !next;
    if (context.session.operator?.role !== "viewer") return;
    for (const button of byId("booking-rows").querySelectorAll("button")) button.disabled = true;
  };

  /** @param {Booking} booking */
  const refund = async (booking) => {
    const { ask } = texts;
    const question = ask.question(booking.reference);
    const lead = ask.lead(formatPrice(booking.total));
    if (!(await askConfirmation(byId("confirm"), { question, lead, yes: ask.yes }))) return;
    const path = `/bookings/${encodeURIComponent(booking.id)}/refund`;
    await attempt(async () => {
      const answer = await context.session.write("POST", path);
      update(answer?.booking ?? { ...booking, state: "refunding" });
      context.journalChanged();
    }, texts.refunding(booking.reference));
  };

  /** @param {Partial<Booking>} booking */
  const update = (booking) => {
    shown = shown.map((one) => (one.id === booking.id ? { ...one, ...booking } : one));
    draw();
  };

  const save = async () => {
    const loading = event;
    await attempt(async () => download(await wholeCsv(loading), `${loading}-bookings.csv`));
  };

  /** Join every page of the CSV under one header. @param {string} loading */
  const wholeCsv = async (loading) => {
    let [whole, after] = ["", ""];
    do {
      const query = queryOf({ limit: "1000", ...(after ? { after } : {}) });
      const page = await context.session.readText(`${pathOf(loading)}?${query}`, "text/csv");
      whole += whole ? page.text.slice(page.text.indexOf("\n") + 1) : page.text;
      after = page.next;
    } while (after);
    return new Blob([whole], { type: "text/csv" });
  };

  const named = Object.entries({ "": texts.all, ...states });
  byId("bookings-state").append(
    ...named.map(([value, text]) => createElement("option", { value }, text)),
  );
  byId("bookings-state").addEventListener("change", () => void load());
  byId("bookings-again").addEventListener("click", () => void load());
  byId("bookings-more").addEventListener("click", () => void load(next));
  byId("bookings-csv").addEventListener("click", () => void save());

  return {
    /** @param {import("../admin/session.js").Event} chosen */
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
  const stateText = /** @type {Record<string, string>} */ (states)[state] ?? state;
  const button = createElement("button", { type: "button", "data-refund": id }, texts.refund);
  button.addEventListener("click", () => onRefund(booking));
  const cell = (/** @type {string} */ name, /** @type {(Node | string)[]} */ ...inside) =>
    createElement(
      "td",
      { "data-label": name },
      ...(inside.length ? [createElement("span", {}, ...inside)] : []),
    );
  const why = reason ? [" ", createElement("small", {}, reason)] : [];
  return createElement(
    "tr",
    { "data-booking": id },
    cell(texts.columns.reference, createElement("strong", {}, reference ?? "")),
    cell(
      texts.columns.state,
      createElement("span", { class: "chip", "data-state": state }, stateText),
      ...why,
    ),
    cell(texts.columns.what, whatOf(booking, quantity)),
    cell(texts.columns.total, formatPrice(total)),
    cell(texts.columns.visitor, createElement("code", {}, visitor)),
    cell("", ...(state === "confirmed" ? [button] : [])),
  );
}

/** @param {Booking} booking @param {number} quantity */
function whatOf({ seats, section, show }, quantity) {
  const when = show ? ` · ${showDateAndTime(show)}` : "";
  if (seats.length === 0) return `${section ?? ""} × ${en.number(quantity)}${when}`;
  const names = seats.map((seat) => `${seat.section} ${en.seats.seat(seat.row, seat.number)}`);
  return names.join("; ") + when;
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

/** Save a file through the browser. @param {Blob} file @param {string} name */
function download(file, name) {
  const url = URL.createObjectURL(file);
  createElement("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_MS);
}
