// The list of free seats, for whom a map is no help: section, then row, then seat.

import { isolated } from "../texts/direction.js";
import { formatPrice } from "../lib/money.js";
import { texts as all } from "../texts/texts.js";
import { byId, control, createElement, renderIfChanged } from "../ui/dom.js";
import { seatId } from "./seat-inventory.js";
import { kindText } from "./selection-panel.js";

/**
 * @typedef {import("./seat-inventory.js").Section} Section
 * @typedef {{sections: Section[], section: string, appearanceOf: (seat: string) => string}} Context
 */

const texts = all.seats.list;
const LISTED = new Set(["free", "chosen"]);

/**
 * Bind the list to its listener.
 * @param {{onSection: (section: string) => void, onPick: (seat: string) => void, redraw: () => void}} listener
 */
export function bindSeatList({ onSection, onPick, redraw }) {
  byId("list-section").addEventListener("change", () => onSection(control("list-section").value));
  for (const id of ["list-row", "list-sort"]) byId(id).addEventListener("change", redraw);
  byId("seat-list").addEventListener("toggle", redraw);
  byId("list-seats").addEventListener("click", (event) => {
    const seat = /** @type {Element} */ (event.target).closest("button")?.dataset.listed;
    if (seat) onPick(seat);
  });
}

/** Draw the list, if it is open. @param {Context} context */
export function drawSeatList({ sections, section, appearanceOf }) {
  const list = /** @type {HTMLDetailsElement} */ (byId("seat-list"));
  if (!list.open) return;
  byId("list-sort-part").hidden = new Set(sections.map(({ price }) => price.amount)).size < 2;
  fill("list-sort", Object.entries(texts.sorts));
  fill("list-section", sorted(sections).map(({ id, name, price }) => [id, `${isolated(name)} · ${formatPrice(price)}`]));
  control("list-section").value = section;
  const rows = rowsOf(sections.find(({ id }) => id === section), appearanceOf);
  fill("list-row", rows.map(({ name, seats }) => [name, texts.row(name, seats.length)]));
  const row = rows.find(({ name }) => name === control("list-row").value) ?? rows[0];
  drawSeats(row?.seats ?? []);
}

/** Return sections in the order that is chosen. @param {Section[]} sections */
function sorted(sections) {
  const sign = /** @type {Record<string, number>} */ ({ cheapest: 1, dearest: -1 })[control("list-sort").value];
  return sign ? [...sections].sort((a, b) => sign * (a.price.amount - b.price.amount)) : sections;
}

/** @param {Section | undefined} section @param {(seat: string) => string} appearanceOf */
function rowsOf(section, appearanceOf) {
  const rows = (section?.rows ?? []).map(({ name, seats }) => ({
    name,
    seats: seats
      .map(({ number, kind = "" }) => ({ number, kind: kindText(kind), id: seatId(section?.id ?? "", name, number) }))
      .map((seat) => ({ ...seat, state: appearanceOf(seat.id) }))
      .filter(({ state }) => LISTED.has(state)),
  }));
  return rows.filter(({ seats }) => seats.length > 0);
}

/** Fill the options of a list, and keep what was selected. @param {string} id @param {[string, string][]} options */
function fill(id, options) {
  const before = control(id).value;
  renderIfChanged(byId(id), options, () =>
    options.map(([value, text]) => createElement("option", { value }, text)),
  );
  if (options.some(([value]) => value === before)) control(id).value = before;
}

/** Draw the seats of a row, and keep the focus on the one that has it. @param {{number: number, kind: string, id: string, state: string}[]} seats */
function drawSeats(seats) {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.listed;
  renderIfChanged(byId("list-seats"), seats, () =>
    seats.length
      ? seats.map(({ number, kind, id, state }) =>
          createElement(
            "button",
            {
              type: "button",
              "data-listed": id,
              "aria-pressed": String(state === "chosen"),
              "aria-label": [texts.seat(number), kind].filter(Boolean).join(", "),
            },
            [number, kind].filter(Boolean).join(" · "),
          ),
        )
      : [createElement("p", { class: "soft" }, texts.none)],
  );
  const again = seats.find(({ id }) => id === focused) ?? (focused ? seats[0] : undefined);
  if (again && document.activeElement?.getAttribute("data-listed") !== again.id)
    /** @type {HTMLElement | null} */ (document.querySelector(`[data-listed="${again.id}"]`))?.focus();
}
