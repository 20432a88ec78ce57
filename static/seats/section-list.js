// The list of sections: name, price and free places of each; one of them is open.

import { showDateAndTime } from "../lib/dates.js";
import { formatPrice } from "../lib/money.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement, renderIfChanged, setText } from "../ui/dom.js";

/**
 * @typedef {import("./seat-inventory.js").SeatInventory} SeatInventory
 * @typedef {import("./seat-inventory.js").Section} Section
 * @typedef {import("../lib/dates.js").Show} Show
 * @typedef {object} Context
 * @property {Show[]} shows
 * @property {string} chosen section
 * @property {(section: string) => void} onChoose
 * @property {(section: Section) => Node[]} besides what stands below the button of a section
 */

const texts = all.seats.sections;

/** @type {Map<string, {button: HTMLElement, free: HTMLElement}>} */
const buttons = new Map();

/**
 * Draw the sections, changing only what differs.
 * @param {SeatInventory} inventory
 * @param {Context} context
 */
export function drawSections(inventory, context) {
  const { shows, chosen } = context;
  const listed = inventory.sections.map(({ id, show, name, kind, price, view }) => [id, show, name, kind, price, view]);
  renderIfChanged(byId("section-list"), [listed, shows], () => build(inventory, context));
  for (const { id } of inventory.sections) {
    const drawn = buttons.get(id);
    const free = inventory.free(id);
    drawn?.button.setAttribute("aria-pressed", String(id === chosen));
    if (!drawn) continue;
    const stock = inventory.stock(id);
    setText(drawn.free, free === null ? "" : stock === "free" ? texts.free(free) : texts.stock[stock]);
    drawn.free.dataset.stock = stock;
    drawn.free.classList.toggle("none", free === 0);
  }
}

/**
 * Return the date of a section's show, where the event has several; else "".
 * @param {{inventory: SeatInventory, shows: Show[]}} event @param {string} id of the section
 */
export function dateOf({ inventory, shows }, id) {
  const show = shows.find((one) => one.id === inventory.section(id)?.show);
  return show && shows.length > 1 ? showDateAndTime(show) : "";
}

/** @param {SeatInventory} inventory @param {Context} context */
function build(inventory, context) {
  const { shows } = context;
  buttons.clear();
  const ids = [...new Set(inventory.sections.map((section) => section.show))];
  return ids.map((show) => {
    const items = inventory.sections
      .filter((section) => section.show === show)
      .map((section) => item(section, context));
    const found = shows.find((other) => other.id === show);
    const title = ids.length > 1 && found ? [createElement("h3", {}, showDateAndTime(found))] : [];
    return createElement("div", { class: "show" }, ...title, createElement("ul", {}, ...items));
  });
}

/** @param {Section} section @param {Context} context */
function item(section, { onChoose, besides }) {
  const free = createElement("span", { class: "free", "data-testid": `free-${section.id}` });
  const button = createElement(
    "button",
    { type: "button", "data-section": section.id, "aria-pressed": "false" },
    createElement("strong", {}, createElement("bdi", {}, section.name)),
    createElement("span", { class: "price" }, formatPrice(section.price)),
    createElement("small", {}, texts[section.kind] ?? ""),
    free,
  );
  button.addEventListener("click", () => onChoose(section.id));
  buttons.set(section.id, { button, free });
  return createElement("li", {}, button, ...besides(section));
}
