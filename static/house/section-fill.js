// The section fill panel: a bar for every section and the map, polled every 2 s while the page is visible.

import { request } from "../lib/api.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement, renderIfChanged, setText } from "../ui/dom.js";

/**
 * @typedef {{id: string, name: string, kind: "seated" | "standing", capacity?: number}} Section
 * @typedef {{free: number, rows?: Record<string, string>}} Availability a row: one mark a seat
 * @typedef {{free: number, held: number, sold: number, closed: number}} Fill
 */

const POLL_MS = 2_000;
const PARTS = /** @type {(keyof Fill)[]} */ (["sold", "held", "closed", "free"]);
const texts = all.admin.sections;

/**
 * Make the panel. Return how to show an event and how to stop.
 * @param {ReturnType<typeof import("./house-map.js").houseMap>} map shows each seat of what is read
 */
export function sectionFillPanel(map) {
  /** @type {Section[]} */
  let sections = [];
  let watched = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const poll = async () => {
    clearTimeout(timer);
    const event = watched;
    if (event && document.visibilityState === "visible") await load(event);
    if (event && event === watched) timer = setTimeout(poll, POLL_MS);
  };

  /** @param {string} event */
  const load = async (event) => {
    const path = `/api/v1/events/${encodeURIComponent(event)}`;
    try {
      const availability = (await request("GET", `${path}/availability`)).sections;
      if (Object.keys(availability).some((id) => !sections.some((section) => section.id === id))) {
        sections = (await request("GET", `${path}/chart`)).sections;
      }
      if (event !== watched) return;
      draw(sections, availability);
      map.update(/** @type {any[]} */ (sections), availability);
    } catch {
      setText(byId("house-hint"), texts.away);
    }
  };

  return {
    /** @param {import("../admin/session.js").Event} event */
    show(event) {
      if (watched === event.id) return;
      [sections, watched] = [[], event.id];
      map.show(event);
      renderIfChanged(byId("house"), null, () => []);
      setText(byId("house-hint"), texts.loading);
      void poll();
    },
    hide() {
      clearTimeout(timer);
      watched = "";
    },
  };
}

/**
 * Return how full a section is. Of standing places only the free ones are known: others are sold.
 * @param {Section} section
 * @param {Availability} availability
 * @returns {Fill}
 */
function fillOf({ kind, capacity = 0 }, { free, rows = {} }) {
  if (kind === "standing") return { free, held: 0, sold: Math.max(0, capacity - free), closed: 0 };
  const marks = Object.values(rows).join("");
  const count = (/** @type {string} */ mark) => marks.split(mark).length - 1;
  return { free, held: count("h"), sold: count("s"), closed: count("x") };
}

/** @param {Section[]} sections @param {Record<string, Availability>} availability */
function draw(sections, availability) {
  setText(byId("house-hint"), "");
  const known = sections.filter((section) => availability[section.id]);
  renderIfChanged(
    byId("house"),
    known.map(({ id, name, kind }) => [id, name, kind]),
    () => known.map(row),
  );
  for (const section of known) fillRow(section, fillOf(section, availability[section.id]));
}

/** @param {Section} section */
function row({ id, name }) {
  const bar = createElement(
    "div",
    { class: "bar", role: "img" },
    ...PARTS.map((name) => createElement("span", { class: name, "data-part": name })),
  );
  return createElement(
    "li",
    { "data-section": id },
    createElement("strong", {}, name),
    createElement("span", { class: "numbers", "data-testid": `house-${id}` }),
    bar,
  );
}

/** @param {Section} section @param {Fill} fill */
function fillRow({ id, kind }, fill) {
  const item = byId("house").querySelector(`[data-section="${id}"]`);
  const bar = item?.querySelector(".bar");
  const numbers = item?.querySelector(".numbers");
  if (!bar || !numbers) return;
  const text = kind === "standing" ? texts.standing(fill) : texts.seated(fill);
  setText(numbers, text);
  bar.setAttribute("aria-label", text);
  const all = Math.max(1, fill.free + fill.held + fill.sold + fill.closed);
  for (const element of bar.children) {
    const one = /** @type {HTMLElement} */ (element);
    const share = fill[/** @type {keyof Fill} */ (one.dataset.part)] / all;
    one.style.width = `${100 * share}%`;
  }
}
