// The seats view: the list of sections, the map of the open one, and the form for best seats.

import { formatPrice } from "../lib/money.js";
import { en } from "../texts/en.js";
import { byId, createElement, setText, setTextOrHide } from "../ui/dom.js";
import { Stepper } from "../ui/stepper.js";
import { planOf } from "./geometry.js";
import { PanZoom } from "./pan-zoom.js";
import { rowAndNumberOf, sectionOf } from "./seat-inventory.js";
import { drawSections } from "./section-list.js";
import { legendSample, SectionMap } from "./section-map.js";

/**
 * @typedef {import("./seat-inventory.js").SeatInventory} SeatInventory
 * @typedef {import("./section-map.js").SeatAppearance} SeatAppearance
 * @typedef {import("./section-list.js").Show} Show
 *
 * @typedef {object} View
 * @property {SeatInventory} inventory
 * @property {Show[]} shows
 * @property {"looking" | "choosing" | "holding"} mode
 * @property {number} ticketsMax how many tickets this visitor may still book
 * @property {boolean} busy whether `hold.create` is not answered yet
 * @property {Map<string, SeatAppearance>} overrides by seat: shown instead of its state
 */

const texts = en.seats;
const LEGEND = /** @type {SeatAppearance[]} */ ([
  "free",
  "chosen",
  "mine",
  "held",
  "sold",
  "closed",
  "lost",
]);

/** The seats of an event on the page; it reports picked seats and requested quantities. */
export class SeatsView {
  section = "";
  /** @type {SectionMap | null} */ #map = null;
  /** @type {View | null} */ #view = null;
  /** @type {Map<string, SeatAppearance>} */ #overrides = new Map();
  #drawnSection = "";
  #described = "";
  #onPick;
  #redraw;
  #panZoom = new PanZoom(byId("map"), (seats) => this.#map?.slideRowNames(seats));
  #stepper;

  /**
   * @param {object} listener
   * @param {(seat: string) => void} listener.onPick
   * @param {(section: string, quantity: number) => void} listener.onQuantity
   * @param {() => void} listener.redraw
   */
  constructor({ onPick, onQuantity, redraw }) {
    this.#onPick = onPick;
    this.#redraw = redraw;
    this.#stepper = new Stepper("quantity", redraw);
    byId("quantity-form").addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      if (this.#mayHold()) onQuantity(this.section, this.#stepper.value);
    });
    byId("map-closer").addEventListener("click", () => this.#panZoom.zoomIn());
    byId("map-farther").addEventListener("click", () => this.#panZoom.zoomOut());
    byId("map-whole").addEventListener("click", () => this.#panZoom.zoomToFit());
    byId("legend").append(
      ...LEGEND.map((appearance) =>
        createElement(
          "li",
          { "data-sign": appearance },
          legendSample(appearance),
          /** @type {any} */ (texts.map.signs)[appearance],
        ),
      ),
    );
  }

  /** Draw the sections, the map and the form. @param {View} view */
  draw(view) {
    this.#view = view;
    const { inventory, mode, ticketsMax } = view;
    if (!inventory.section(this.section)) this.section = firstSection(inventory);
    setText(byId("seats-title"), texts.titles[mode]);
    setTextOrHide(byId("seats-lead"), leadOf(mode, ticketsMax));
    this.#drawSections(view);
    this.#drawMap(view);
    this.#drawQuantity(view);
    this.#describe(this.#described);
  }

  /** Draw the seats that have changed. @param {import("./seat-subscription.js").SeatChanges} changes */
  applyChanges({ all, seats }) {
    if (all) this.#map?.updateAll();
    else this.#map?.update(seats);
    if (!this.#view) return;
    this.#drawSections(this.#view);
    this.#drawQuantity(this.#view);
    if (seats.includes(this.#described)) this.#describe(this.#described);
  }

  /** @param {string} section */
  #openSection(section) {
    this.section = section;
    this.#redraw();
  }

  /** @param {View} view */
  #drawSections({ inventory, shows }) {
    drawSections(inventory, {
      shows,
      chosen: this.section,
      onChoose: (id) => this.#openSection(id),
    });
  }

  /** @param {View} view */
  #drawMap({ inventory, mode, overrides }) {
    const section = inventory.section(this.section);
    const seated = section?.kind === "seated";
    byId("map-part").hidden = !seated;
    if (!section || !seated) return;
    const before = this.#overrides;
    this.#overrides = overrides;
    if (this.#drawnSection === section.id) this.#map?.update(differences(before, overrides));
    else this.#drawSection(section);
    this.#map?.setSelectable(mode === "choosing");
    this.#panZoom.setTappable(mode === "choosing");
  }

  /** @param {import("./seat-inventory.js").Section} section */
  #drawSection(section) {
    const plan = planOf(section);
    this.#drawnSection = section.id;
    this.#described = "";
    this.#map = new SectionMap(plan, {
      name: section.name,
      appearanceOf: (seat) => this.#appearanceOf(seat),
      onPick: (seat, event) => this.#pick(seat, event),
      onPoint: (seat) => this.#describe(seat),
    });
    this.#panZoom.show(this.#map.element, plan.box);
  }

  /** @param {string} seat @returns {SeatAppearance} */
  #appearanceOf(seat) {
    return this.#overrides.get(seat) ?? this.#view?.inventory.stateOf(seat) ?? "unknown";
  }

  /** @param {string} seat @param {MouseEvent | KeyboardEvent} event */
  #pick(seat, event) {
    if (this.#panZoom.zoomedInstead(event)) return;
    const shown = this.#appearanceOf(seat);
    this.#describe(seat);
    const may = this.#view?.mode === "choosing" && !this.#view.busy;
    if (may && (shown === "free" || shown === "chosen")) this.#onPick(seat);
  }

  /** Write row, number, price and state of a seat into the readout. @param {string} seat */
  #describe(seat) {
    this.#described = seat;
    const section = this.#view?.inventory.section(sectionOf(seat));
    if (!seat || !section) return setText(byId("readout"), texts.map.hint);
    const { row, number } = rowAndNumberOf(seat);
    const state = texts.map.states[this.#appearanceOf(seat)];
    setText(
      byId("readout"),
      [texts.seat(row, number), formatPrice(section.price), state].join(" · "),
    );
  }

  /** @param {View} view */
  #drawQuantity({ inventory, mode, ticketsMax, busy }) {
    const section = inventory.section(this.section);
    byId("quantity-form").hidden = mode !== "choosing" || ticketsMax < 1 || !section;
    if (!section) return;
    const free = inventory.free(section.id);
    this.#stepper.draw(Math.min(ticketsMax, free || ticketsMax));
    const { value } = this.#stepper;
    const seated = section.kind === "seated";
    setText(byId("quantity-label"), seated ? texts.quantity.seated : texts.quantity.standing);
    const sum = formatPrice({ ...section.price, amount: section.price.amount * value });
    setText(
      byId("hold-quantity"),
      seated ? texts.quantity.best(value) : texts.quantity.places(value, sum),
    );
    byId("hold-quantity").setAttribute("aria-disabled", String(busy || !free));
    setTextOrHide(byId("quantity-none"), free === 0 ? noneText(inventory.stock(section.id)) : "");
  }

  #mayHold() {
    const view = this.#view;
    return view?.mode === "choosing" && !view.busy && (view.inventory.free(this.section) ?? 0) > 0;
  }
}

/** @param {View["mode"]} mode @param {number} ticketsMax */
function leadOf(mode, ticketsMax) {
  if (mode !== "choosing") return texts.leads[mode];
  return ticketsMax > 0 ? texts.leads.choosing(ticketsMax) : texts.leads.all;
}

/** @param {import("./seat-inventory.js").Stock} stock */
function noneText(stock) {
  return stock === "free" ? "" : texts.quantity.none[stock];
}

/** @param {SeatInventory} inventory */
function firstSection({ sections }) {
  return (sections.find((section) => section.kind === "seated") ?? sections[0])?.id ?? "";
}

/**
 * Return the seats that two maps show differently.
 * @param {Map<string, SeatAppearance>} a @param {Map<string, SeatAppearance>} b
 */
function differences(a, b) {
  return [...new Set([...a.keys(), ...b.keys()])].filter((seat) => a.get(seat) !== b.get(seat));
}
