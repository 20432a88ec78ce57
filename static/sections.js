// Choosing seats, until the seat map is there: the sections of the chart with their prices.

import { ask } from "./api.js";
import { make, part } from "./dom.js";
import { price } from "./money.js";
import { texts } from "./texts.js";

/**
 * @typedef {object} Section
 * @property {string} name
 * @property {"seated" | "standing"} kind
 * @property {{amount: number, currency: string}} price
 */

const words = texts.event.sections;

let asked = false;

/** Show the sections of an event, once. @param {string} event */
export function showSections(event) {
  if (asked) return;
  asked = true;
  show(make("p", { class: "soft" }, words.loading));
  ask("GET", `/api/v1/events/${encodeURIComponent(event)}/chart`).then(
    ({ sections }) => show(make("p", {}, words.lead), listOf(sections)),
    () => show(failure(event)),
  );
}

/** @param {...Node} content */
function show(...content) {
  part("sections").replaceChildren(make("h2", {}, words.title), ...content);
}

/** @param {Section[]} sections */
function listOf(sections) {
  return make("ul", { class: "prices", "data-testid": "sections" }, ...sections.map(row));
}

/** @param {Section} section */
function row(section) {
  return make(
    "li",
    {},
    make("span", {}, section.name, " ", make("small", {}, words[section.kind] ?? "")),
    make("strong", {}, price(section.price)),
  );
}

/** @param {string} event */
function failure(event) {
  const again = make("button", { type: "button" }, texts.common.tryAgain);
  again.addEventListener("click", () => {
    asked = false;
    showSections(event);
  });
  return make("div", {}, make("p", {}, words.failed), again);
}
