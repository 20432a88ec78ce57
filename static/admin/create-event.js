// The form for a new event: its fields become one request body.

import { minorUnits } from "../lib/money.js";
import { en } from "../texts/en.js";
import { byId, control, createElement, fillTexts, setText } from "../ui/dom.js";
import { attempt } from "../ui/notices.js";

/** @typedef {import("./session.js").AdminContext} AdminContext */

const SHOW = "first"; // the id of the one show that this form makes
const DAYS_AHEAD = 30;
const ALPHABET = 26;
const ID_MAX = 64; // characters
const texts = en.admin.create;

/** Default values of a new section's fields, by kind. */
const SECTIONS = {
  seated: {
    name: texts.stalls,
    kind: "seated",
    rows: "20",
    seats: "30",
    capacity: "500",
    price: "65",
  },
  standing: {
    name: texts.floor,
    kind: "standing",
    rows: "20",
    seats: "30",
    capacity: "500",
    price: "45",
  },
};

/** Bind the form. @param {AdminContext} context */
export function createEventForm(context) {
  let typedId = false;

  const hide = () => {
    byId("create").hidden = true;
    byId("all-events").hidden = false;
  };

  const show = () => {
    /** @type {HTMLFormElement} */ (byId("create")).reset();
    typedId = false;
    control("create-show").value = localInput(evening(DAYS_AHEAD));
    byId("create-sections").replaceChildren();
    addSection(SECTIONS.seated);
    byId("create").hidden = false;
    byId("all-events").hidden = true;
    control("create-name").focus();
  };

  setText(byId("zone"), texts.zone(Intl.DateTimeFormat().resolvedOptions().timeZone));
  byId("new-event").addEventListener("click", show);
  byId("create-cancel").addEventListener("click", hide);
  byId("add-section").addEventListener("click", () => addSection(SECTIONS.standing));
  control("create-id").addEventListener("input", () => (typedId = true));
  control("create-name").addEventListener("input", () => {
    if (!typedId) control("create-id").value = eventIdOf(control("create-name").value);
  });
  byId("create").addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    await attempt(async () => {
      const { event } = await context.session.write("POST", "/events", { body: eventBody() });
      context.eventChanged(event);
      hide();
      context.open({ page: "night", event: event.id });
      context.journalChanged();
    }, texts.done);
  });

  return { hide };
}

/** Return the request body from the form's fields. */
function eventBody() {
  const opens = control("create-opens").value;
  const currency = control("create-currency").value;
  return {
    id: control("create-id").value,
    name: control("create-name").value.trim(),
    ...(opens && { opens_at: new Date(opens).toISOString() }),
    shows: [
      {
        id: SHOW,
        starts_at: new Date(control("create-show").value).toISOString(),
        time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      },
    ],
    sections: sectionsOf([...byId("create-sections").children], currency),
  };
}

/** @param {Element[]} rows @param {string} currency */
function sectionsOf(rows, currency) {
  const ids = freeIds(rows.map((row) => fieldOf(row, "name").value));
  return rows.map((row, at) => sectionOf(row, ids[at] ?? "", currency));
}

/** @param {Element} row @param {string} id @param {string} currency */
function sectionOf(row, id, currency) {
  const typed = (/** @type {string} */ name) => fieldOf(row, name).value.trim();
  const shared = {
    id,
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

/** Return A, B, … Z, AA, AB, … @param {number} at @returns {string} */
function rowName(at) {
  const letter = String.fromCharCode(65 + (at % ALPHABET));
  return at < ALPHABET ? letter : rowName(Math.floor(at / ALPHABET) - 1) + letter;
}

/** @param {Record<string, string>} defaults */
function addSection(defaults) {
  const template = /** @type {HTMLTemplateElement} */ (byId("section-row"));
  const row = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  fillTexts(row);
  const kinds = Object.entries(texts.kinds).map(([value, text]) =>
    createElement("option", { value }, text),
  );
  fieldOf(row, "kind").append(...kinds);
  for (const [name, value] of Object.entries(defaults)) fieldOf(row, name).value = value;
  fieldOf(row, "kind").addEventListener("change", () => showKind(row));
  row.querySelector('[data-act="remove"]')?.addEventListener("click", () => row.remove());
  byId("create-sections").append(row);
  showKind(row);
}

/** Show and require only the fields of the section's kind. @param {HTMLElement} row */
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

/**
 * Return an id for each name, no two alike: names of another script than Latin have few letters
 * for an id or none, and the form shows no ids that an operator could change.
 * @param {string[]} names
 */
function freeIds(names) {
  /** @type {Set<string>} */ const ids = new Set();
  for (const name of names) {
    const wanted = idOf(name) || "section";
    let id = wanted;
    for (let next = 2; ids.has(id); next++) id = `${wanted.slice(0, ID_MAX - 4)}-${next}`;
    ids.add(id);
  }
  return [...ids];
}

/** Return an id for an event of this name, or of today where it has no Latin letters. @param {string} name */
function eventIdOf(name) {
  if (!name.trim()) return "";
  return idOf(name) || `event-${localInput(new Date()).slice(0, 10)}`;
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
    .replace(/^-|-$/g, "")
    .slice(0, ID_MAX);
}

/** Return 19:00 local time, so many days from now. @param {number} days */
function evening(days) {
  const then = new Date();
  then.setDate(then.getDate() + days);
  then.setHours(19, 0, 0, 0);
  return then;
}

/** Return a date as a datetime-local field wants it: local time, to the minute. @param {Date} date */
function localInput(date) {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}
