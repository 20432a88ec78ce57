// The cursor of a map: the one element that the Tab key reaches, above the seat or section it is at.

import { firstSeat, nextSeat, nextWhere } from "../plan/geometry.js";
import { nextSection } from "../plan/house-plan.js";
import { createElement } from "../ui/dom.js";
import { announce } from "../ui/live-region.js";

/**
 * @typedef {import("../plan/house-plan.js").House} House
 * @typedef {import("./section-looks.js").SeatAppearance} SeatAppearance
 * @typedef {object} Context
 * @property {import("./house-map.js").HouseMap} map
 * @property {(seat: string) => SeatAppearance} appearanceOf
 * @property {(seat: import("../plan/geometry.js").Seat, shown: SeatAppearance) => string} seatLabel
 * @property {(section: string) => string} sectionLabel
 * @property {(row: import("../plan/geometry.js").Row) => string} rowLabel spoken where the cursor comes into a row
 * @property {(seat: string) => void} onPick
 * @property {(seat: string) => void} onPoint
 * @property {(seat: string) => boolean} isWanted whether the keys N and P stop there
 */

const ARROWS = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]);

/** The cursor of one map. */
export class MapCursor {
  seat = "";
  section = "";
  /** @type {House | null} */ #house = null;
  /** @type {import("../plan/geometry.js").Row | undefined} that was spoken of last */ #row;
  #element = createElement("div", {});
  #box;
  #context;

  /** @param {HTMLElement} box @param {Context} context */
  constructor(box, context) {
    this.#box = box;
    this.#context = context;
    box.append(this.#element);
    box.addEventListener("keydown", (event) => this.#keyDown(event));
    box.addEventListener("focusin", () => {
      this.#context.map.reveal(this.section, this.seat);
      this.#context.onPoint(this.seat);
      this.#announceRow();
    });
  }

  /** Be in a house: at a section, or at the first seat of the one that is open. @param {House} house @param {string} section */
  show(house, section) {
    this.#house = house;
    const inside = this.#context.map.inside;
    this.#replace(inside || section, inside ? this.#firstOf(inside) : "");
  }

  /** Go to a seat without the focus. @param {string} seat */
  goTo(seat) {
    if (this.#house?.byId.get(this.section)?.plan.seats.has(seat)) this.#replace(this.section, seat);
  }

  /** Set words and place, which may have changed. */
  update() {
    const [element, { map }] = [this.#element, this.#context];
    const seat = this.#house?.byId.get(this.section)?.plan.seats.get(this.seat);
    if (seat) {
      const shown = this.#context.appearanceOf(seat.id);
      set(element, "data-state", shown);
      set(element, "aria-checked", String(shown === "chosen" || shown === "mine"));
      set(element, "aria-disabled", String(shown !== "free" && shown !== "chosen"));
      set(element, "aria-label", this.#context.seatLabel(seat, shown));
    } else set(element, "aria-label", this.#context.sectionLabel(this.section));
    this.place();
    element.hidden = !map || !this.section;
  }

  /** Put the cursor where its seat or section is now. */
  place() {
    const { left, top, width, height } = this.#context.map.boxOf(this.section, this.seat);
    const { style } = this.#element;
    style.transform = `translate(${left.toFixed(1)}px, ${top.toFixed(1)}px)`;
    style.width = `${width.toFixed(1)}px`;
    style.height = `${height.toFixed(1)}px`;
  }

  /** Take the place of the element before: a screen reader speaks only of what has come anew. @param {string} section @param {string} seat */
  #replace(section, seat) {
    if (this.section === section && this.seat === seat && this.#element.isConnected && this.#element.hasAttribute("role"))
      return this.update();
    this.section = section;
    this.seat = seat;
    const had = this.#element.contains(document.activeElement);
    const before = this.#element;
    this.#element = createElement("div", {
      class: "map-cursor",
      tabindex: "0",
      role: seat ? "checkbox" : "button",
      [seat ? "data-seat" : "data-block"]: seat || section,
    });
    this.update();
    before.after(this.#element);
    if (had) this.#element.focus({ preventScroll: true });
    before.remove();
  }

  #announceRow() {
    const plan = this.#house?.byId.get(this.section)?.plan;
    const row = plan?.rows.find(({ name }) => name === plan.seats.get(this.seat)?.row);
    if (row && row !== this.#row) announce(this.#context.rowLabel(row));
    this.#row = row;
  }

  /** @param {string} section */
  #firstOf(section) {
    const plan = this.#house?.byId.get(section)?.plan;
    if (!plan) return "";
    return plan.seats.has(this.seat) ? this.seat : firstSeat(plan);
  }

  /** @param {KeyboardEvent} event */
  #keyDown(event) {
    const house = this.#house;
    if (!house || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.#isDone(house, event.key)) event.preventDefault();
  }

  /** Do what a key means. Return whether it means something. @param {House} house @param {string} key */
  #isDone(house, key) {
    const { map } = this.#context;
    const plan = house.byId.get(this.section)?.plan;
    const step = /** @type {Record<string, 1 | -1>} */ ({ n: 1, p: -1 })[key.toLowerCase()];
    if (key === "+" || key === "-") map.zoom(key === "+" ? 1 : -1);
    else if (key === "Escape" && map.inside && house.placed.length > 1) this.#leave();
    else if (ARROWS.has(key))
      this.#move(this.seat && plan ? nextSeat(plan, this.seat, key) : nextSection(house, this.section, key));
    else if (step && this.seat && plan)
      this.#move(nextWhere(plan, this.seat, step, ({ id }) => this.#context.isWanted(id)));
    else if (key !== " " && key !== "Enter") return false;
    else if (this.seat) this.#context.onPick(this.seat);
    else this.#enter();
    return true;
  }

  #enter() {
    const { map } = this.#context;
    map.enter(this.section);
    this.#replace(this.section, this.#firstOf(this.section));
  }

  #leave() {
    this.#context.map.enter("");
    this.#replace(this.section, "");
  }

  /** @param {string} to a seat or a section */
  #move(to) {
    if (this.seat) this.#replace(this.section, to);
    else this.#replace(to, "");
    this.#context.map.reveal(this.section, this.seat);
  }
}

/** @param {Element} element @param {string} name @param {string} value */
function set(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
