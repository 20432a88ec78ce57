// The bookings panel: an event's bookings page by page, refunds of one or many, mails, and a CSV file.

import { saveCsv } from "../admin/csv-file.js";
import { Problem } from "../lib/api.js";
import { texts as all } from "../texts/texts.js";
import { byId, control, createElement, setText } from "../ui/dom.js";
import { attempt, showProblem } from "../ui/notices.js";
import { bookingRow, isRefundable } from "./booking-row.js";
import { askForRefund, reachOf, refundEach } from "./refunds.js";

/**
 * @typedef {import("../admin/session.js").AdminContext} AdminContext
 * @typedef {import("./booking-row.js").Booking} Booking
 */

const PAGE = 10;
const POLL_MS = 5_000; // between two looks at the first page
const texts = all.admin.bookings;

/** Bind the panel. @param {AdminContext} context @returns {import("../admin/session.js").Panel} */
export function bookingsPanel(context) {
  /** @type {Booking[]} */
  let shown = [];
  /** @type {string | null} */
  let next = null;
  /** @type {Set<string>} the ids of those that are chosen for a refund */
  const chosen = new Set();
  /** @type {Map<string, string>} what became of the last act on a booking, by its id */
  const results = new Map();
  let [event, about] = ["", ""];
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;

  /** Return whether a new page may replace what is shown: nobody reads on, and no question is open. */
  const isFirstPageInView = () =>
    document.visibilityState === "visible" &&
    shown.length <= PAGE &&
    chosen.size === 0 &&
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

  /** @param {Booking} booking */
  const rowOf = (booking) =>
    bookingRow(booking, {
      names: new Map(context.event?.sections.map(({ id, name }) => [id, name])),
      mayWrite: context.session.operator?.role !== "viewer",
      sendsMail: context.session.operator?.mail ?? false,
      isChosen: chosen.has(booking.id),
      result: results.get(booking.id) ?? "",
      onChoose: choose,
      onRefund: (one) => void refund([one]),
      onMail: (one) => void sendMail(one),
      onVisitor: (visitor) => context.open({ page: "visitors", event, about: visitor }),
    });

  const draw = () => {
    const refundable = shown.filter(isRefundable);
    for (const id of chosen) if (!refundable.some((one) => one.id === id)) chosen.delete(id);
    byId("booking-rows").replaceChildren(...shown.map(rowOf));
    byId("bookings-none").hidden = shown.length > 0;
    byId("bookings-table").hidden = shown.length === 0;
    byId("bookings-more").hidden = !next;
    control("bookings-choose-all").disabled = refundable.length === 0;
    drawChoice();
  };

  const drawChoice = () => {
    const refundable = shown.filter(isRefundable);
    const some = refundable.filter(({ id }) => chosen.has(id));
    byId("bookings-chosen").hidden = some.length === 0;
    setText(byId("bookings-reach"), some.length ? reachOf(some) : "");
    const box = control("bookings-choose-all");
    box.checked = some.length > 0 && some.length === refundable.length;
    box.indeterminate = some.length > 0 && !box.checked;
  };

  const choose = (/** @type {Booking} */ { id }, /** @type {boolean} */ isChosen) => {
    if (isChosen) chosen.add(id);
    else chosen.delete(id);
    drawChoice();
  };

  /** @param {Booking[]} bookings */
  const refund = async (bookings) => {
    const reason = await askForRefund(bookings);
    if (reason === null) return;
    let accepted = 0;
    await attempt(async () => {
      accepted = await refundEach(context.session, bookings, reason, show);
      context.journalChanged();
      if (accepted < bookings.length) throw new Problem({ detail: texts.refusedSome(accepted, bookings.length) });
    }, bookings.length === 1 ? texts.refunding(bookings[0]?.reference ?? "") : texts.refundingMany(bookings.length));
  };

  /** @param {Booking} booking */
  const sendMail = ({ id, reference }) =>
    attempt(async () => {
      await context.session.write("POST", `/bookings/${encodeURIComponent(id)}/mail`, {});
      context.journalChanged();
    }, texts.mailed(reference));

  /** Show what became of a refund in the booking's row. @param {Booking} booking @param {Partial<Booking> | Problem} result */
  const show = (booking, result) => {
    chosen.delete(booking.id);
    if (result instanceof Problem) results.set(booking.id, result.message);
    else results.delete(booking.id);
    const news = result instanceof Problem ? {} : result;
    shown = shown.map((one) => (one.id === booking.id ? { ...one, ...news } : one));
    draw();
  };

  const save = () =>
    attempt(() => {
      const state = control("bookings-state").value;
      const list = { path: pathOf(event), query: state ? { state } : {}, name: `${event}-bookings.csv` };
      return saveCsv(context.session, list);
    });

  const named = Object.entries({ "": texts.all, ...all.seats.booking.states });
  byId("bookings-state").append(
    ...named.map(([value, text]) => createElement("option", { value }, text)),
  );
  byId("bookings-search").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    context.open({ page: "bookings", event, about: control("bookings-query").value.trim() });
  });
  byId("bookings-choose-all").addEventListener("change", () => {
    const isChosen = control("bookings-choose-all").checked;
    for (const { id } of shown.filter(isRefundable)) {
      if (isChosen) chosen.add(id);
      else chosen.delete(id);
    }
    draw();
  });
  byId("bookings-refund").addEventListener("click", () =>
    refund(shown.filter(({ id }) => chosen.has(id))),
  );
  byId("bookings-state").addEventListener("change", () => void load());
  byId("bookings-again").addEventListener("click", () => void load());
  byId("bookings-more").addEventListener("click", () => void load(next));
  byId("bookings-csv").addEventListener("click", () => void save());

  return {
    /** @param {import("../admin/session.js").Event} wantedEvent @param {string} wanted */
    show(wantedEvent, wanted) {
      if (event === wantedEvent.id && about === wanted) return;
      [event, about, shown, next] = [wantedEvent.id, wanted, [], null];
      chosen.clear();
      results.clear();
      control("bookings-choose-all").disabled = true;
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

/** @param {Record<string, string>} more */
function queryOf(more) {
  const state = control("bookings-state").value;
  return new URLSearchParams({ ...(state ? { state } : {}), ...more }).toString();
}

/** @param {string} event */
function pathOf(event) {
  return `/events/${encodeURIComponent(event)}/bookings`;
}
