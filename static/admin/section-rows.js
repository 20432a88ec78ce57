// The rows of sections in the form of an event: each becomes a section of one show or of every one;
// of sections that are there the view can be changed.

import { minorUnits } from "../lib/money.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement, fillTexts } from "../ui/dom.js";
import { freeIds } from "./event-ids.js";

const ALPHABET = 26;
const EVERY = ""; // show
const VIEW_FIELD = { maxlength: "500", spellcheck: "false", placeholder: "/pictures/stalls.jpg" };
const INCLUDED_MAX = 6; // lines of one price
const texts = all.admin.create;

/** Default values of a new section's fields, by kind. */
const DEFAULTS = { rows: "20", seats: "30", capacity: "500" };
export const SECTIONS = {
  seated: { ...DEFAULTS, name: texts.stalls, kind: "seated", price: "65" },
  standing: { ...DEFAULTS, name: texts.floor, kind: "standing", price: "45" },
};

/** Append a row. @param {Record<string, string>} defaults */
export function addSection(defaults) {
  const template = /** @type {HTMLTemplateElement} */ (byId("section-row"));
  const row = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  fillTexts(row);
  fieldOf(row, "kind").append(...options(texts.kinds));
  for (const [name, value] of Object.entries(defaults)) fieldOf(row, name).value = value;
  fieldOf(row, "kind").addEventListener("change", () => showKind(row));
  row.querySelector('[data-act="remove"]')?.addEventListener("click", () => row.remove());
  row.querySelector('[data-act="include"]')?.addEventListener("click", () => addIncluded(row));
  byId("create-sections").append(row);
  showKind(row);
}

/** Append a line for a fee or tax in the price of a section. @param {HTMLElement} section */
function addIncluded(section) {
  const template = /** @type {HTMLTemplateElement} */ (byId("included-row"));
  const row = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  const add = /** @type {HTMLButtonElement} */ (section.querySelector('[data-act="include"]'));
  fillTexts(row);
  row.querySelector("button")?.addEventListener("click", () => {
    row.remove();
    add.disabled = false;
    add.focus();
  });
  section.querySelector("[data-includes]")?.append(row);
  add.disabled = includedRows(section).length >= INCLUDED_MAX;
  fieldOf(row, "included-name").focus();
}

/** Offer these shows in every row; one show alone is not asked about. @param {string[]} ids */
export function offerShows(ids) {
  const named = { [EVERY]: texts.everyShow, ...Object.fromEntries(ids.map((id) => [id, id])) };
  for (const row of sectionRows()) {
    const select = fieldOf(row, "show");
    const chosen = select.value;
    select.replaceChildren(...options(named));
    select.value = chosen in named ? chosen : EVERY;
    /** @type {HTMLElement} */ (select.closest("label")).hidden = ids.length < 2;
  }
}

/** Return the sections of all rows, with ids that are not taken. @param {{shows: string[], currency: string, taken?: string[]}} event */
export function sectionsOf({ shows, currency, taken = [] }) {
  const wanted = sectionRows().flatMap((row) => {
    const chosen = fieldOf(row, "show").value;
    return (chosen === EVERY ? shows : [chosen]).map((show) => ({ row, show }));
  });
  const names = wanted.map(({ row }) => fieldOf(row, "name").value);
  const ids = freeIds(names, { fallback: "section", taken });
  return wanted.map(({ row, show }, at) => sectionOf(row, { id: ids[at] ?? "", show, currency }));
}

/** Return the control of a member of the section at an index of those that `sectionsOf` returns. @param {string[]} shows @param {number} index @param {string} member */
export function sectionControl(shows, index, member) {
  const rows = sectionRows().flatMap((row) => (fieldOf(row, "show").value === EVERY ? shows.map(() => row) : [row]));
  const row = rows[index];
  if (row && member === "includes") return fieldOf(row, "included-amount");
  return row && (fieldOf(row, member) ?? fieldOf(row, "name"));
}

/** @typedef {{id: string, name: string, show: string, view?: string}} Present a section that is there */

/** Show a field for the view of each section that is there. @param {Present[]} sections */
export function showViews(sections) {
  byId("create-views-part").hidden = sections.length === 0;
  byId("create-views-part").removeAttribute("open");
  const isAlone = new Set(sections.map(({ show }) => show)).size < 2;
  byId("create-views").replaceChildren(
    ...sections.map(({ id, name, show, view = "" }) => {
      const input = createElement("input", { ...VIEW_FIELD, "data-view-of": id, value: view });
      return createElement("label", {}, createElement("span", {}, isAlone ? name : `${name} · ${show}`), input);
    }),
  );
}

/** Return the views that were changed, by section; null where there shall be none. @param {Present[]} sections */
export function changedViews(sections) {
  const typed = sections.map(({ id, view = "" }) => ({ id, view, wanted: viewControl(id)?.value.trim() ?? view }));
  const changed = typed.filter(({ view, wanted }) => wanted !== view);
  return Object.fromEntries(changed.map(({ id, wanted }) => [id, wanted || null]));
}

/** Return the field for the view of a section that is there, and unfold what it is in. @param {string} id */
export function revealedView(id) {
  byId("create-views-part").setAttribute("open", "");
  return viewControl(id);
}

/** @param {string} id @returns {HTMLInputElement | null} */
function viewControl(id) {
  return document.querySelector(`[data-view-of="${id}"]`);
}

/** @param {Element} row @param {{id: string, show: string, currency: string}} given */
function sectionOf(row, { id, show, currency }) {
  const typed = (/** @type {string} */ name) => fieldOf(row, name).value.trim();
  const price = { amount: minorUnits(typed("price"), currency), currency };
  const view = typed("view");
  const includes = includedRows(row).map((line) => ({
    name: fieldOf(line, "included-name").value.trim(),
    amount: minorUnits(fieldOf(line, "included-amount").value, currency),
  }));
  const told = { ...(view && { view }), ...(includes.length > 0 && { includes }) };
  const shared = { id, show, name: typed("name"), price, ...told };
  if (typed("kind") === "standing")
    return { ...shared, kind: "standing", capacity: Number(typed("capacity")) };
  return { ...shared, kind: "seated", rows: rowsOf(Number(typed("rows")), Number(typed("seats"))) };
}

/** @param {number} count @param {number} seats */
function rowsOf(count, seats) {
  return Array.from({ length: count }, (_, at) => ({ name: rowName(at), seats }));
}

/** Return A, B, … Z, AA, AB, … @param {number} at @returns {string} */
function rowName(at) {
  const letter = String.fromCharCode(65 + (at % ALPHABET));
  return at < ALPHABET ? letter : rowName(Math.floor(at / ALPHABET) - 1) + letter;
}

/** Show and require only the fields of the section's kind. @param {HTMLElement} row */
function showKind(row) {
  for (const label of row.querySelectorAll("[data-kind]")) {
    const fits = label.getAttribute("data-kind") === fieldOf(row, "kind").value;
    /** @type {HTMLElement} */ (label).hidden = !fits;
    /** @type {HTMLInputElement} */ (label.querySelector("input")).disabled = !fits;
  }
}

/** @param {Element} section */
function includedRows(section) {
  return [...section.querySelectorAll("[data-includes] > *")];
}

function sectionRows() {
  return [...byId("create-sections").children];
}

/** @param {Element} row @param {string} name */
export function fieldOf(row, name) {
  return /** @type {HTMLInputElement} */ (row.querySelector(`[data-field="${name}"]`));
}

/** @param {Record<string, string>} named */
function options(named) {
  return Object.entries(named).map(([value, text]) => createElement("option", { value }, text));
}
