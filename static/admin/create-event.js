// Putting a new event on sale: a short form becomes the whole event in one body.

import { minorUnits } from "../lib/money.js";
import { texts } from "../texts/en.js";
import { control, fill, make, part, write } from "../ui/dom.js";
import { attempt } from "../ui/notices.js";

/** @typedef {import("../admin.js").Desk} Desk */

const SHOW = "first"; // the id of the one show that this form makes
const DAYS_AHEAD = 30;
const ALPHABET = 26;
const words = texts.admin.create;

/** What a new section is like before anybody types. */
const SECTIONS = {
  seated: {
    name: words.stalls,
    kind: "seated",
    rows: "20",
    seats: "30",
    capacity: "500",
    price: "65",
  },
  standing: {
    name: words.floor,
    kind: "standing",
    rows: "20",
    seats: "30",
    capacity: "500",
    price: "45",
  },
};

/** @param {Desk} desk */
export function creation(desk) {
  let typedId = false;

  const hide = () => {
    part("create").hidden = true;
    part("event").hidden = !desk.event;
    part("new-event").hidden = false;
  };

  const show = () => {
    /** @type {HTMLFormElement} */ (part("create")).reset();
    typedId = false;
    control("create-show").value = localInput(evening(DAYS_AHEAD));
    part("create-sections").replaceChildren();
    addSection(SECTIONS.seated);
    part("create").hidden = false;
    for (const id of ["event", "new-event", "none"]) part(id).hidden = true;
    control("create-name").focus();
  };

  write(part("zone"), words.zone(Intl.DateTimeFormat().resolvedOptions().timeZone));
  part("new-event").addEventListener("click", show);
  part("create-cancel").addEventListener("click", hide);
  part("add-section").addEventListener("click", () => addSection(SECTIONS.standing));
  control("create-id").addEventListener("input", () => (typedId = true));
  control("create-name").addEventListener("input", () => {
    if (!typedId) control("create-id").value = idOf(control("create-name").value);
  });
  part("create").addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    await attempt(async () => {
      const { event } = await desk.session.write("POST", "/events", { body: wholeEvent() });
      desk.took(event);
      history.replaceState(null, "", `#${event.id}`);
      hide();
      desk.noted();
    }, words.done);
  });

  return { hide };
}

/** The body of the request, as the form says it. */
function wholeEvent() {
  const opens = control("create-opens").value;
  const currency = control("create-currency").value;
  return {
    id: control("create-id").value,
    name: control("create-name").value.trim(),
    ...(opens && { opens_at: new Date(opens).toISOString() }),
    shows: [{ id: SHOW, starts_at: new Date(control("create-show").value).toISOString() }],
    sections: [...part("create-sections").children].map((row) => sectionOf(row, currency)),
  };
}

/** @param {Element} row @param {string} currency */
function sectionOf(row, currency) {
  const typed = (/** @type {string} */ name) => fieldOf(row, name).value.trim();
  const shared = {
    id: idOf(typed("name")),
    show: SHOW,
    name: typed("name"),
    price: { amount: minorUnits(typed("price"), currency), currency },
  };
  if (typed("kind") === "standing")
    return { ...shared, kind: "standing", capacity: Number(typed("capacity")) };
  return { ...shared, kind: "seated", rows: rowsOf(Number(typed("rows")), Number(typed("seats"))) };
}

/** @param {number} count @param {number} seats */
function rowsOf(count, seats) {
  return Array.from({ length: count }, (_, at) => ({ name: rowName(at), seats }));
}

/** A, B, … Z, AA, AB, … @param {number} at @returns {string} */
function rowName(at) {
  const letter = String.fromCharCode(65 + (at % ALPHABET));
  return at < ALPHABET ? letter : rowName(Math.floor(at / ALPHABET) - 1) + letter;
}

/** @param {Record<string, string>} defaults */
function addSection(defaults) {
  const template = /** @type {HTMLTemplateElement} */ (part("section-row"));
  const row = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  fill(row);
  const kinds = Object.entries(words.kinds).map(([value, text]) => make("option", { value }, text));
  fieldOf(row, "kind").append(...kinds);
  for (const [name, value] of Object.entries(defaults)) fieldOf(row, name).value = value;
  fieldOf(row, "kind").addEventListener("change", () => showKind(row));
  row.querySelector('[data-act="remove"]')?.addEventListener("click", () => row.remove());
  part("create-sections").append(row);
  showKind(row);
}

/** Only the fields of the kind are shown, and asked for. @param {HTMLElement} row */
function showKind(row) {
  for (const label of row.querySelectorAll("[data-kind]")) {
    const fits = label.getAttribute("data-kind") === fieldOf(row, "kind").value;
    /** @type {HTMLElement} */ (label).hidden = !fits;
    /** @type {HTMLInputElement} */ (label.querySelector("input")).disabled = !fits;
  }
}

/** @param {Element} row @param {string} name */
function fieldOf(row, name) {
  return /** @type {HTMLInputElement} */ (row.querySelector(`[data-field="${name}"]`));
}

/** @param {string} name */
function idOf(name) {
  const plain = name
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[^a-z0-9\s-]/g, "");
  return plain
    .trim()
    .replace(/[\s-]+/g, "-")
    .slice(0, 64);
}

/** Seven in the evening, so many days from now. @param {number} days */
function evening(days) {
  const then = new Date();
  then.setDate(then.getDate() + days);
  then.setHours(19, 0, 0, 0);
  return then;
}

/** What a datetime-local field wants: local time, to the minute. @param {Date} date */
function localInput(date) {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}
