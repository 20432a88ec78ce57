// The sections of a house with their prices and how much of each is free, one of them chosen.

import { dateAndTime } from "../lib/dates.js";
import { price } from "../lib/money.js";
import { texts } from "../texts/en.js";
import { make, part, renew, write } from "../ui/dom.js";

/**
 * @typedef {import("./seat-inventory.js").House} House
 * @typedef {import("./seat-inventory.js").Section} Section
 * @typedef {{id: string, starts_at: string}} Show
 */

const words = texts.seats.sections;

/** @type {Map<string, {button: HTMLElement, free: HTMLElement}>} */
const drawn = new Map();

/**
 * Show the sections; only what changed is touched.
 * @param {House} house
 * @param {{shows: Show[], chosen: string, onChoose: (section: string) => void}} around
 */
export function drawSections(house, { shows, chosen, onChoose }) {
  renew(part("section-list"), [house.sections, shows], () => build(house, shows, onChoose));
  for (const { id } of house.sections) {
    const one = drawn.get(id);
    const free = house.free(id);
    one?.button.setAttribute("aria-pressed", String(id === chosen));
    if (!one) continue;
    write(one.free, free === null ? "" : words.free(free));
    one.free.classList.toggle("none", free === 0);
  }
}

/** @param {House} house @param {Show[]} shows @param {(section: string) => void} onChoose */
function build(house, shows, onChoose) {
  drawn.clear();
  const ids = [...new Set(house.sections.map((section) => section.show))];
  return ids.map((show) => {
    const items = house.sections
      .filter((section) => section.show === show)
      .map((section) => item(section, onChoose));
    const starts = shows.find((other) => other.id === show)?.starts_at;
    const title = ids.length > 1 && starts ? [make("h3", {}, dateAndTime(starts))] : [];
    return make("div", { class: "show" }, ...title, make("ul", {}, ...items));
  });
}

/** @param {Section} section @param {(section: string) => void} onChoose */
function item(section, onChoose) {
  const free = make("span", { class: "free", "data-testid": `free-${section.id}` });
  const button = make(
    "button",
    { type: "button", "data-section": section.id, "aria-pressed": "false" },
    make("strong", {}, section.name),
    make("span", { class: "price" }, price(section.price)),
    make("small", {}, words[section.kind] ?? ""),
    free,
  );
  button.addEventListener("click", () => onChoose(section.id));
  drawn.set(section.id, { button, free });
  return make("li", {}, button);
}
