// The house filling, live: a bar for every section, asked for while somebody looks.

import { ask } from "../lib/api.js";
import { texts } from "../texts/en.js";
import { make, part, renew, write } from "../ui/dom.js";

/**
 * @typedef {import("../seats/seat-inventory.js").Section} Section
 * @typedef {import("../seats/seat-inventory.js").Availability} Availability
 * @typedef {{free: number, held: number, sold: number}} Filled
 */

const EVERY_MS = 2_000;
const PARTS = /** @type {(keyof Filled)[]} */ (["sold", "held", "free"]);
const words = texts.admin.house;

export function filling() {
  /** @type {Section[]} */
  let sections = [];
  let watched = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const look = async () => {
    clearTimeout(timer);
    const event = watched;
    if (event && document.visibilityState === "visible") await tell(event);
    if (event && event === watched) timer = setTimeout(look, EVERY_MS);
  };

  /** @param {string} event */
  const tell = async (event) => {
    const path = `/api/v1/events/${encodeURIComponent(event)}`;
    try {
      const told = (await ask("GET", `${path}/availability`)).sections;
      if (Object.keys(told).some((id) => !sections.some((section) => section.id === id))) {
        sections = (await ask("GET", `${path}/chart`)).sections;
      }
      if (event === watched) draw(sections, told);
    } catch {
      write(part("house-hint"), words.away);
    }
  };

  return {
    /** @param {import("../admin.js").Event} event */
    show(event) {
      if (watched === event.id) return;
      [sections, watched] = [[], event.id];
      renew(part("house"), null, () => []);
      write(part("house-hint"), words.loading);
      void look();
    },
    hide() {
      clearTimeout(timer);
      watched = "";
    },
  };
}

/**
 * How full a section is. Standing places that are not free are told as one figure, so as sold.
 * @param {Section} section
 * @param {Availability} told
 * @returns {Filled}
 */
export function filled({ kind, capacity = 0 }, { free, rows = {} }) {
  if (kind === "standing") return { free, held: 0, sold: Math.max(0, capacity - free) };
  const marks = Object.values(rows).join("");
  const count = (/** @type {string} */ mark) => marks.split(mark).length - 1;
  return { free, held: count("h"), sold: count("s") };
}

/** @param {Section[]} sections @param {Record<string, Availability>} told */
function draw(sections, told) {
  write(part("house-hint"), "");
  const known = sections.filter((section) => told[section.id]);
  renew(
    part("house"),
    known.map(({ id, name, kind }) => [id, name, kind]),
    () => known.map(row),
  );
  for (const section of known) fillRow(section, filled(section, told[section.id]));
}

/** @param {Section} section */
function row({ id, name }) {
  const bar = make(
    "div",
    { class: "bar", role: "img" },
    ...PARTS.map((part) => make("span", { class: part, "data-part": part })),
  );
  return make(
    "li",
    { "data-section": id },
    make("strong", {}, name),
    make("span", { class: "numbers", "data-testid": `house-${id}` }),
    bar,
  );
}

/** @param {Section} section @param {Filled} filled */
function fillRow({ id, kind }, filled) {
  const item = part("house").querySelector(`[data-section="${id}"]`);
  const bar = item?.querySelector(".bar");
  const numbers = item?.querySelector(".numbers");
  if (!bar || !numbers) return;
  const said = kind === "standing" ? words.standing(filled) : words.seated(filled);
  write(numbers, said);
  bar.setAttribute("aria-label", said);
  const all = Math.max(1, filled.free + filled.held + filled.sold);
  for (const element of bar.children) {
    const one = /** @type {HTMLElement} */ (element);
    const share = filled[/** @type {keyof Filled} */ (one.dataset.part)] / all;
    one.style.width = `${100 * share}%`;
  }
}
