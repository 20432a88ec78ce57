// The form of an event: its fields become the body that creates one, or that changes the chosen one.

import { deviceZone, instantOf, isZone, localOf } from "../lib/zoned-time.js";
import { texts as all } from "../texts/texts.js";
import { askConfirmation } from "../ui/confirm-dialog.js";
import { byId, control, createElement, fillTexts, setText } from "../ui/dom.js";
import { eventIdOf } from "./event-ids.js";
import { attemptForm } from "./form-mistakes.js";
import * as sectionRows from "./section-rows.js";
import { addSection, fieldOf, offerShows, SECTIONS, sectionsOf } from "./section-rows.js";

/**
 * @typedef {import("./session.js").AdminContext} AdminContext
 * @typedef {import("./session.js").Event} Event
 */

const FIRST = "first"; // the id of the first show; the others are `show-2`, `show-3` …
const DAYS_AHEAD = 30;
const FIXED = ["create-id", "create-currency", "create-zone", "create-fairness"]; // of an event that is there
const texts = all.admin.create;

/** Bind the form. @param {AdminContext} context */
export function eventForm(context) {
  let typedId = false;
  let choseOrder = false;
  /** @type {Event | null} the event that is changed; null: a new one */
  let edited = null;

  const hide = () => {
    byId("create").hidden = true;
    byId("all-events").hidden = false;
  };

  /** @param {Event | null} event */
  const show = (event) => {
    edited = event;
    /** @type {HTMLFormElement} */ (byId("create")).reset();
    for (const id of ["create-shows", "create-sections"]) byId(id).replaceChildren();
    typedId = choseOrder = false;
    if (event) fillFrom(event);
    else fillNew();
    byId("create").hidden = false;
    byId("all-events").hidden = true;
    checkZone();
    control("create-name").focus();
  };

  /** Return the control of a field that the server names: `name`, `shows[0].starts_at`. @param {string} field */
  const controlOf = (field) => {
    const [, list, index = "", member = ""] = /^(shows|sections)\[(\d+)\](?:\.(\w+))?/.exec(field) ?? [];
    if (list === "sections")
      return sectionRows.sectionControl(edited ? edited.shows.map(({ id }) => id) : showIds(), Number(index), member);
    if (list === "shows") return showControl(Number(index), member);
    if (field.startsWith("views.")) return sectionRows.revealedView(field.slice("views.".length));
    const name = field.replace("venue.name", "venue").replace("venue.address", "address").replace("terms.url", "terms").replace(".", "-");
    return document.getElementById(`create-${name.replace("_at", "")}`);
  };

  const save = async () => {
    const body = edited ? changeBody(edited) : eventBody();
    if (!(await isMeant(body, edited))) return;
    const path = edited ? `/events/${encodeURIComponent(edited.id)}` : "/events";
    await attemptForm(
      byId("create"),
      controlOf,
      async () => {
        const method = edited ? "PATCH" : "POST";
        const { event } = await context.session.write(method, path, { body });
        context.eventChanged(event);
        hide();
        context.open({ page: "night", event: event.id });
        context.journalChanged();
      },
      edited ? texts.changed : texts.done,
    );
  };

  const orders = Object.entries(all.admin.rules.choices.fairness);
  byId("create-fairness").append(...orders.map(([value, text]) => createElement("option", { value }, text)));
  const asked = Object.entries(texts.namesAsked);
  byId("create-names").append(...asked.map(([value, text]) => createElement("option", { value }, text)));
  control("create-fairness").addEventListener("change", () => (choseOrder = true));
  control("create-opens").addEventListener("input", () => {
    if (!choseOrder && !edited) control("create-fairness").value = orderByDefault();
  });
  byId("zones").append(...zones().map((value) => createElement("option", { value })));
  byId("new-event").addEventListener("click", () => show(null));
  byId("edit-event").addEventListener("click", () => context.event && show(context.event));
  byId("create-cancel").addEventListener("click", hide);
  byId("add-show").addEventListener("click", () => addShow());
  byId("add-section").addEventListener("click", () => {
    addSection(SECTIONS.standing);
    offerShows(edited ? edited.shows.map(({ id }) => id) : showIds());
  });
  control("create-id").addEventListener("input", () => (typedId = true));
  control("create-zone").addEventListener("input", checkZone);
  control("create-name").addEventListener("input", () => {
    if (typedId || edited) return;
    control("create-id").value = eventIdOf(control("create-name").value, today());
  });
  byId("create").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    void save();
  });

  return { hide };
}

function fillNew() {
  prepare(null);
  control("create-zone").value = deviceZone;
  control("create-fairness").value = orderByDefault();
  addShow(localOf(evening(DAYS_AHEAD).toISOString(), deviceZone));
  addSection(SECTIONS.seated);
  offerShows(showIds());
}

/** @param {Event} event */
function fillFrom(event) {
  prepare(event);
  const zone = event.shows[0]?.time_zone || deviceZone;
  control("create-zone").value = zone;
  control("create-name").value = event.name;
  control("create-id").value = event.id;
  control("create-venue").value = event.venue?.name ?? "";
  control("create-address").value = event.venue?.address ?? "";
  control("create-terms").value = event.terms?.url ?? "";
  control("create-terms-name").value = event.terms?.name ?? "";
  control("create-names").value = event.names ?? "none";
  control("create-opens").value = event.opens_at ? localOf(event.opens_at, zone) : "";
  control("create-fairness").value = event.rules.fairness;
  control("create-closes").value = event.closes_at ? localOf(event.closes_at, zone) : "";
  control("create-currency").value = event.sections[0]?.price?.currency ?? "EUR";
}

/** Return the order that the server gives an event whose rules name none. */
function orderByDefault() {
  return control("create-opens").value ? "lottery" : "arrival";
}

/** Title the form, and fix the fields that an event keeps. @param {Event | null} event */
function prepare(event) {
  setText(byId("create-title"), event ? texts.editTitle(event.name) : texts.title);
  setText(byId("create-save"), event ? texts.saveChange : texts.save);
  byId("create-shows-part").hidden = event !== null;
  setText(byId("sections-note"), event ? texts.sectionsThere(event.sections.length) : "");
  sectionRows.showViews(event?.sections ?? []);
  for (const id of FIXED) control(id).disabled = event !== null;
}

/** Append a row for a show. @param {string} [startsAt] */
function addShow(startsAt = "") {
  const template = /** @type {HTMLTemplateElement} */ (byId("show-row"));
  const row = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  fillTexts(row);
  fieldOf(row, "starts").value = startsAt;
  row.querySelector('[data-act="remove"]')?.addEventListener("click", () => {
    if (byId("create-shows").childElementCount > 1) row.remove();
    offerShows(showIds());
  });
  byId("create-shows").append(row);
  checkZone();
  offerShows(showIds());
}

function showIds() {
  return [...byId("create-shows").children].map((_, at) => (at ? `show-${at + 1}` : FIRST));
}

/** Return the body that creates an event. */
function eventBody() {
  const zone = control("create-zone").value;
  const ids = showIds();
  const rows = [...byId("create-shows").children];
  const shows = rows.map((row, at) => ({
    id: ids[at] ?? "",
    starts_at: instantOf(fieldOf(row, "starts").value, zone),
    time_zone: zone,
  }));
  const { opens_at: opens, closes_at: closes, venue, terms, names, name } = commonMembers(zone);
  return {
    id: control("create-id").value,
    name,
    ...(opens && { opens_at: opens }),
    ...(closes && { closes_at: closes }),
    ...(venue && { venue }),
    ...(terms && { terms }),
    names,
    rules: { fairness: control("create-fairness").value },
    shows,
    sections: sectionsOf({ shows: ids, currency: control("create-currency").value }),
  };
}

/** Return the body that changes an event: what is different, and the sections to add. @param {Event} event */
function changeBody(event) {
  const members = commonMembers(control("create-zone").value);
  /** @type {Record<string, any>} */
  const was = { venue: null, terms: null, names: "none", closes_at: null, ...event };
  const isSame = (/** @type {any} */ one, /** @type {any} */ other) =>
    JSON.stringify(one) === JSON.stringify(other) ||
    (typeof one === "string" && Date.parse(one) === Date.parse(other));
  const changed = Object.entries(members).filter(([key, value]) => !isSame(value, was[key]));
  const shows = event.shows.map(({ id }) => id);
  const taken = event.sections.map(({ id }) => id);
  const sections = sectionsOf({ shows, taken, currency: control("create-currency").value });
  const views = sectionRows.changedViews(event.sections);
  return {
    ...Object.fromEntries(changed),
    ...(sections.length > 0 && { sections }),
    ...(Object.keys(views).length > 0 && { views }),
  };
}

/** Return the members that both bodies have; null for an empty one. @param {string} zone */
function commonMembers(zone) {
  const typed = (/** @type {string} */ id) => control(id).value.trim();
  const instant = (/** @type {string} */ id) => (typed(id) ? instantOf(typed(id), zone) : null);
  const address = typed("create-address");
  const venue = { name: typed("create-venue"), ...(address && { address }) };
  const termsName = typed("create-terms-name");
  const terms = { url: typed("create-terms"), ...(termsName && { name: termsName }) };
  return {
    name: typed("create-name"),
    opens_at: instant("create-opens"),
    closes_at: instant("create-closes"),
    venue: venue.name ? venue : null,
    terms: terms.url || termsName ? terms : null,
    names: control("create-names").value,
  };
}

/**
 * Ask once about an event without sections, or with a show in the past. Return whether it is meant.
 * @param {Record<string, any>} body @param {Event | null} event
 */
async function isMeant(body, event) {
  const isEmpty = (body.sections ?? []).length + (event?.sections.length ?? 0) === 0;
  const shows = /** @type {{starts_at: string}[]} */ (body.shows ?? []);
  const isPast = shows.some((show) => Date.parse(show.starts_at) < Date.now());
  const leads = [isEmpty && !event ? texts.ask.empty : "", isPast ? texts.ask.past : ""];
  const lead = leads.filter(Boolean).join(" ");
  if (!lead) return true;
  return askConfirmation(byId("confirm"), { question: texts.ask.question, lead, yes: texts.save });
}

/** @param {number} index @param {string} member */
function showControl(index, member) {
  const row = byId("create-shows").children[index];
  return member === "time_zone" || !row ? control("create-zone") : fieldOf(row, "starts");
}

/** Check the zone, and name it beside every time that is meant by its clock. */
function checkZone() {
  const zone = control("create-zone");
  for (const hint of document.querySelectorAll("#create [data-zone]")) setText(hint, texts.byClock(zone.value));
  zone.setCustomValidity(isZone(zone.value) ? "" : texts.noZone);
}

/** Return the zones that this browser knows. */
function zones() {
  return Intl.supportedValuesOf?.("timeZone") ?? [deviceZone];
}

/** Return 19:00 local time, so many days from now. @param {number} days */
function evening(days) {
  const then = new Date();
  then.setDate(then.getDate() + days);
  then.setHours(19, 0, 0, 0);
  return then;
}

function today() {
  return localOf(new Date().toISOString(), deviceZone).slice(0, 10);
}
