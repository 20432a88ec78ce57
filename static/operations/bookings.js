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
 * @property {{id: string, section: string, row: string, number: number}[]} seats
 * @property {string} [section]
 * @property {number} quantity
 * @property {{amount: number, currency: string}} total
 * @property {string} visitor
 * @property {{id: string, starts_at: string, time_zone?: string}} [show]
 */

const PAGE = 10;
const POLL_MS = 5_000; // between two looks at the first page
const REVOKE_MS = 60_000; // a download has started long before
const texts = en.admin.bookings;
const states = en.seats.booking.states;

/** Bind the panel. @param {AdminContext} context @returns {import("../admin/session.js").Panel} */
export function bookingsPanel(context) {
  /** @type {Booking[]} */
  let shown = [];
  /** @type {string | null} */
  let next = null;
  let [event, about] = ["", ""];
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;

  /** Return whether a new page may replace what is shown: nobody reads on, and no question is open. */
  const isFirstPageInView = () =>
    document.visibilityState === "visible" &&
    shown.length <= PAGE &&
    !byId("booking-rows").contains(document.activeElement) &&
    !(/** @type {HTMLDialogElement} */ (byId("confirm")).open);

  /** @param {string | null} [after] where to go on */
  const load = async (after = null) => {
    const loading = event;
    const query = queryOf({
      ...(about ? { q: about } : {}),
      limit: String(PAGE),
      ...(after ? { after } : {}),
    });
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
    const parts = { names: sectionNames(context), onRefund: refund, onVisitor: toVisitor };
    byId("booking-rows").replaceChildren(...shown.map((booking) => row(booking, parts)));
    byId("bookings-none").hidden = shown.length > 0;
    byId("bookings-table").hidden = shown.length === 0;
    byId("bookings-more").hidden = !next;
    if (context.session.operator?.role !== "viewer") return;
    /** @type {HTMLButtonElement} */ for (const button of byId("booking-rows").querySelectorAll(
      "[data-refund]",
    ))
      button.disabled = true;
  };

  /** @param {Booking} booking */
  const refund = async (booking) => {
    const { ask } = texts;
    const question = ask.question(booking.reference);
    const lead = ask.lead(formatPrice(booking.total));
    const reason = await askWithReason({ question, lead, yes: ask.yes });
    if (reason === null) return;
    const path = `/bookings/${encodeURIComponent(booking.id)}/refund`;
    await attempt(async () => {
      const answer = await context.session.write("POST", path, reason ? { body: { reason } } : {});
      update(answer?.booking ?? { ...booking, state: "refunding" });
      context.journalChanged();
    }, texts.refunding(booking.reference));
  };

  const toVisitor = (/** @type {string} */ visitor) =>
    context.open({ page: "visitors", event, about: visitor });

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
  byId("bookings-search").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    context.open({ page: "bookings", event, about: control("bookings-query").value.trim() });
  });
  byId("bookings-state").addEventListener("change", () => void load());
  byId("bookings-again").addEventListener("click", () => void load());
  byId("bookings-more").addEventListener("click", () => void load(next));
  byId("bookings-csv").addEventListener("click", () => void save());

  return {
    /** @param {import("../admin/session.js").Event} chosen @param {string} wanted */
    show(chosen, wanted) {
      if (event === chosen.id && about === wanted) return;
      [event, about, shown, next] = [chosen.id, wanted, [], null];
      control("bookings-query").value = about;
      control("bookings-state").disabled = about !== "";
      clearInterval(timer);
      timer = setInterval(() => isFirstPageInView() && void load(), POLL_MS);
      void load();
    },
    hide() {
      clearInterval(timer);
      event = "";
    },
  };
}

/** Return the names of the chosen event's sections by their ids. @param {AdminContext} context */
function sectionNames({ event }) {
  return new Map(event?.sections.map(({ id, name }) => [id, name]));
}

/** Ask whether to refund. Return the reason, perhaps "", or null for no. @param {{question: string, lead: string, yes: string}} question */
async function askWithReason(question) {
  control("confirm-reason").value = "";
  byId("confirm-why").hidden = false;
  const agreed = await askConfirmation(byId("confirm"), question);
  byId("confirm-why").hidden = true;
  return agreed ? control("confirm-reason").value.trim() : null;
}

/**
 * @typedef {object} RowParts
 * @property {Map<string, string>} names of sections
 * @property {(booking: Booking) => void} onRefund
 * @property {(visitor: string) => void} onVisitor
 */

/** @param {Booking} booking @param {RowParts} parts */
function row(booking, { names, onRefund, onVisitor }) {
  const { id, reference, state, reason, quantity, total, visitor } = booking;
  const stateText = /** @type {Record<string, string>} */ (states)[state] ?? state;
  const button = createElement("button", { type: "button", "data-refund": id }, texts.refund);
  button.addEventListener("click", () => onRefund(booking));
  const visitorButton = createElement("button", { type: "button", class: "link" }, visitor);
  visitorButton.addEventListener("click", () => onVisitor(visitor));
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
    cell(texts.columns.what, whatOf(booking, names)),
    cell(texts.columns.total, formatPrice(total)),
    cell(texts.columns.visitor, visitorButton),
    cell("", ...(state === "confirmed" ? [button] : [])),
  );
}

/** Return the places in words: "Stalls: Row B, seat 16; Row B, seat 17". @param {Booking} booking @param {Map<string, string>} names */
function whatOf({ seats, section = "", show, quantity }, names) {
  const when = show ? ` · ${showDateAndTime(show)}` : "";
  const nameOf = (/** @type {string} */ id) => names.get(id) ?? id;
  if (seats.length === 0) return `${nameOf(section)} × ${en.number(quantity)}${when}`;
  /** @type {Map<string, string[]>} */
  const bySection = new Map();
  for (const seat of seats) {
    const said = en.seats.seat(seat.row, seat.number);
    bySection.set(seat.section, [...(bySection.get(seat.section) ?? []), said]);
  }
  const texts = [...bySection].map(([id, places]) => `${nameOf(id)}: ${places.join("; ")}`);
  return texts.join(" · ") + when;
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
