// The map of the house for operators: states or heat of seats, and seats taken off sale and put back.

import { seatId } from "../seats/seat-inventory.js";
import { texts as all } from "../texts/texts.js";
import { askConfirmation } from "../ui/confirm-dialog.js";
import { byId, control, createElement, renderIfChanged, setText } from "../ui/dom.js";
import { attempt, showDone } from "../ui/notices.js";
import { HouseCanvas } from "./house-canvas.js";
import { seatsInside } from "./seat-choice.js";
import { bindSeatRanges } from "./seat-ranges.js";

/**
 * @typedef {import("../admin/session.js").AdminContext} AdminContext
 * @typedef {import("../admin/session.js").Event} Event
 * @typedef {import("../seats/seat-inventory.js").Section} Section
 * @typedef {Record<string, {version?: number, free: number, rows?: Record<string, string>}>} Availability
 */

const AT_ONCE = 5_000; // seats of one request
const FREE = ".";
const CLOSED = "x";
const texts = all.admin.map;

/** Bind the map and its form. @param {AdminContext} context */
export function houseMap(context) {
  /** @type {Map<string, string>} the mark of each seat of the show, as availability has it */
  let marks = new Map();
  /** @type {Map<string, number>} the share of each row that is held or sold */
  let heat = new Map();
  /** @type {Set<string>} */
  const chosen = new Set();
  let [event, drawnFrom] = ["", ""];
  /** @type {{sections: Section[], availability: Availability}} */
  let last = { sections: [], availability: {} };

  const canvas = new HouseCanvas(/** @type {HTMLCanvasElement} */ (byId("house-canvas")), (line, seat) => {
    if (line.length) add(seatsInside(canvas.seats, line));
    else if (seat && !chosen.delete(seat)) add([seat]);
    draw();
  });
  const ranges = bindSeatRanges((seats) => {
    add(seats);
    draw();
  });

  const add = (/** @type {string[]} */ seats) => {
    for (const seat of seats) if (marks.has(seat)) chosen.add(seat);
  };
  const chosenWith = (/** @type {string} */ mark) => [...chosen].filter((seat) => marks.get(seat) === mark);

  const draw = () => {
    const isHeat = control("house-colours").value === "heat";
    byId("house-heat").hidden = !isHeat;
    byId("house-states").hidden = isHeat;
    canvas.draw({
      markOf: ({ id }) => marks.get(id) ?? FREE,
      heatOf: isHeat ? ({ row }) => heat.get(row) ?? 0 : null,
      isChosen: (seat) => chosen.has(seat),
    });
    const [free, closed] = [chosenWith(FREE).length, chosenWith(CLOSED).length];
    setText(byId("house-chosen"), chosen.size ? texts.chosen(chosen.size, free, closed) : texts.none);
    control("house-close").disabled = free === 0;
    control("house-open").disabled = closed === 0;
    control("house-clear").disabled = chosen.size === 0;
  };

  /** Show what was read of the house; the plan is made anew for another show alone. */
  const update = () => {
    const sections = sectionsOfShow(last.sections);
    byId("house-map").hidden = sections.length === 0;
    if (!sections.length) return;
    const from = JSON.stringify([event, sections.map(({ id }) => id)]);
    marks = marksOf(sections, last.availability);
    heat = heatOf(last.availability);
    if (from !== drawnFrom) {
      canvas.show(sections);
      ranges.show(sections);
    }
    drawnFrom = from;
    draw();
  };

  /** @param {"close" | "open"} act @param {string} mark of the seats that it changes */
  const change = async (act, mark) => {
    const seats = chosenWith(mark);
    const ask = { question: texts.ask(seats.length), lead: texts.askLead, yes: texts.close };
    if (!seats.length || (act === "close" && !(await askConfirmation(byId("confirm"), ask)))) return;
    let done = "";
    await attempt(async () => {
      let changed = 0;
      for (let at = 0; at < seats.length; at += AT_ONCE) {
        const body = { seats: seats.slice(at, at + AT_ONCE) };
        const answer = await context.session.write("POST", `/events/${encodeURIComponent(event)}/seats/${act}`, { body });
        for (const seat of answer.seats) marks.set(seat, act === "close" ? CLOSED : FREE);
        changed += answer.seats.length;
      }
      chosen.clear();
      draw();
      context.journalChanged();
      done = texts.done[act](changed, seats.length);
    });
    showDone(done);
  };

  options("house-tool", texts.tools);
  options("house-colours", texts.colours);
  byId("house-tool").addEventListener("change", () => {
    const { value } = control("house-tool");
    canvas.tool = /** @type {import("./house-canvas.js").Tool} */ (value);
    byId("house-canvas").dataset.tool = value;
  });
  control("house-tool").value = matchMedia("(pointer: coarse)").matches ? "look" : "rectangle";
  byId("house-tool").dispatchEvent(new Event("change"));
  byId("house-colours").addEventListener("change", draw);
  byId("house-show").addEventListener("change", () => {
    chosen.clear();
    update();
  });
  byId("house-closer").addEventListener("click", () => canvas.zoom(1));
  byId("house-farther").addEventListener("click", () => canvas.zoom(-1));
  byId("house-clear").addEventListener("click", () => {
    chosen.clear();
    draw();
  });
  byId("house-close").addEventListener("click", () => void change("close", FREE));
  byId("house-open").addEventListener("click", () => void change("open", CLOSED));
  byId("house-canvas").addEventListener("seat-query", (asked) => {
    const { detail } = /** @type {CustomEvent} */ (asked);
    Object.assign(detail, canvas.pointOf(detail.seat), { mark: marks.get(detail.seat) });
  });

  return {
    /** @param {Event} shown */
    show(shown) {
      if (event === shown.id) return;
      event = shown.id;
      chosen.clear();
      byId("house-map").hidden = true;
      const shows = shown.shows.map(({ id }) => id);
      renderIfChanged(byId("house-show"), shows, () =>
        shows.map((value) => createElement("option", { value }, value)),
      );
      /** @type {HTMLElement} */ (byId("house-show").closest("label")).hidden = shows.length < 2;
    },
    /** @param {Section[]} sections @param {Availability} availability */
    update(sections, availability) {
      last = { sections, availability };
      update();
    },
  };
}

/** Return the seated sections of the chosen show. @param {Section[]} sections */
function sectionsOfShow(sections) {
  const show = control("house-show").value;
  return sections.filter((section) => section.kind === "seated" && section.show === show);
}

/** @param {Section[]} sections @param {Availability} availability @returns {Map<string, string>} */
function marksOf(sections, availability) {
  return new Map(
    sections.flatMap(({ id, rows = [] }) =>
      rows.flatMap(({ name, seats }) => {
        const text = availability[id]?.rows?.[name] ?? "";
        return seats.map(({ number }, at) => /** @type {[string, string]} */ ([seatId(id, name, number), text[at] ?? FREE]));
      }),
    ),
  );
}

/** Return the share of each row on sale that is held or sold. @param {Availability} availability @returns {Map<string, number>} */
function heatOf(availability) {
  return new Map(
    Object.entries(availability).flatMap(([id, { rows = {} }]) =>
      Object.entries(rows).map(([name, text]) => {
        const onSale = [...text].filter((mark) => mark !== CLOSED);
        const taken = onSale.filter((mark) => mark !== FREE);
        return /** @type {[string, number]} */ ([`${id}/${name}`, onSale.length ? taken.length / onSale.length : 0]);
      }),
    ),
  );
}

/** @param {string} id @param {Record<string, string>} texts by value */
function options(id, texts) {
  byId(id).append(...Object.entries(texts).map(([value, text]) => createElement("option", { value }, text)));
}
