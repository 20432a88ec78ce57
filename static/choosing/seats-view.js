// The seats view: the list of sections, the map of the house, and the form for best seats.

import { HouseMap } from "../map/house-map.js";
import { MapCursor } from "../map/map-cursor.js";
import { differences, occurringIn } from "../map/section-looks.js";
import { housePlan, rowOf } from "../plan/house-plan.js";
import { drawLegend } from "../seats/legend.js";
import { QuantityForm, leadOf } from "../seats/quantity-form.js";
import { bindFilters, drawFilters, pricesByNumber } from "../seats/seat-filters.js";
import { firstSection, sectionOf, sectionsOfShow } from "../seats/seat-inventory.js";
import { bindSeatList, drawSeatList } from "../seats/seat-list.js";
import { seatsTogether, singleSeats } from "../seats/seats-together.js";
import { dateOf, drawSections } from "../seats/section-list.js";
import { seatLabel, shortName } from "../seats/selection-panel.js";
import { texts as all } from "../texts/texts.js";
import { afterPaint, byId, setText, setTextOrHide } from "../ui/dom.js";
import { announce } from "../ui/live-region.js";
import { BestSeats } from "./best-seats.js";
import { describeSeat, say, sayHint } from "./readout.js";
import { answerSeatQueries } from "./seat-query.js";
import { SeatsApart } from "./seats-apart.js";
import { blockOf } from "./section-block.js";
import { bindViews, offerView, viewButtons } from "./section-view.js";

/**
 * @typedef {import("../seats/seat-inventory.js").SeatInventory} SeatInventory
 * @typedef {import("../seats/seat-inventory.js").Section} Section
 * @typedef {import("../map/section-looks.js").SeatAppearance} SeatAppearance
 * @typedef {import("../seats/section-list.js").Show} Show
 * @typedef {import("../seats/selection.js").Selection} Selection
 *
 * @typedef {object} View
 * @property {SeatInventory} inventory
 * @property {Show[]} shows
 * @property {"looking" | "choosing" | "holding"} mode
 * @property {number} ticketsMax how many tickets this visitor may still book
 * @property {boolean} busy whether `hold.create` is not answered yet
 * @property {Map<string, SeatAppearance>} overrides by seat: shown instead of its state
 * @property {Selection} selection
 */

const texts = all.seats;
const SECTIONS_AT_ONCE = 2; // with more, the whole house is shown first
const NARROW_PX = 600;
const TAKEABLE = new Set(["free", "chosen"]);

/** The seats of an event on the page; it reports picked seats and requested quantities. */
export class SeatsView {
  section = "";
  /** @type {View | null} */ #view = null;
  /** @type {Map<string, SeatAppearance>} */ #overrides = new Map();
  /** @type {import("../plan/house-plan.js").House | null} */ #house = null;
  #drawn = { /** @type {SeatInventory | null} */ inventory: null, show: "" };
  #described = "";
  #best = new BestSeats();
  #apart = new SeatsApart();
  #onPick;
  #redraw;
  #map;
  #cursor;
  #quantity;

  /**
   * @param {object} listener
   * @param {(seats: string[]) => void} listener.onPick one seat, or a block side by side
   * @param {(seats: string[]) => void} listener.onSuggest the best of the house, to choose
   * @param {(section: string, quantity: number) => void} listener.onQuantity
   * @param {(standing: import("../seats/selection.js").Standing) => void} listener.onStanding
   * @param {() => void} listener.redraw
   */
  constructor({ onPick, onSuggest, onQuantity, onStanding, redraw }) {
    this.#onPick = onPick;
    this.#redraw = redraw;
    this.#quantity = new QuantityForm({
      redraw,
      onHold: (quantity) => onQuantity(this.section, quantity),
      onAdd: (quantity) => onStanding({ section: this.section, quantity }),
      onSuggest: () => this.#suggest(onSuggest),
    });
    this.#map = this.#newMap();
    this.#cursor = this.#newCursor();
    byId("map-closer").addEventListener("click", () => this.#map.zoom(1));
    byId("map-farther").addEventListener("click", () => this.#map.zoom(-1));
    byId("map-whole").addEventListener("click", () => this.#map.showAll());
    bindFilters(redraw);
    bindViews(byId("seats"));
    bindSeatList({
      onSection: (section) => this.#openSection(section),
      onPick: (seat) => this.#pick(seat),
      redraw,
    });
    answerSeatQueries(byId("map"), {
      map: this.#map,
      hasSeat: (seat) => this.#house?.byId.get(sectionOf(seat))?.plan.seats.has(seat) ?? false,
      appearanceOf: (seat) => this.#appearanceOf(seat),
    });
  }

  /** Draw the sections, the map and the form. @param {View} view */
  draw(view) {
    this.#view = view;
    const { inventory, mode, ticketsMax } = view;
    const before = this.#overrides;
    this.#overrides = view.overrides;
    if (!inventory.section(this.section)) this.section = firstSection(inventory);
    setText(byId("seats-title"), [texts.titles[mode], dateOf(view, this.section)].filter(Boolean).join(" · "));
    setTextOrHide(byId("seats-lead"), leadOf(mode, ticketsMax));
    this.#drawSections(view);
    this.#drawQuantity(view);
    this.#drawMap(view, before);
    this.#describe(this.#described);
  }

  /** Return the free seats that a selection leaves alone. @param {string[]} selected */
  singleBeside(selected) {
    const rows = new Set(selected.map((seat) => rowOf(this.#house, seat)));
    const isFree = (/** @type {{id: string}} */ { id }) => this.#stateOf(id) === "free";
    const isChosen = (/** @type {{id: string}} */ { id }) => selected.includes(id);
    return [...rows].flatMap((row) => singleSeats(row?.seats ?? [], isFree, isChosen));
  }

  /** Draw the seats that have changed. @param {import("../seats/seat-subscription.js").SeatChanges} changes */
  applyChanges({ all, seats }) {
    if (this.#view) this.#drawQuantity(this.#view);
    const apart = this.#updateApart(all ? null : seats);
    if (all) this.#map.updateAll();
    else this.#map.update([...seats, ...apart]);
    if (!this.#view) return;
    this.#drawSections(this.#view);
    this.#drawAround(this.#view);
    if (seats.includes(this.#described)) this.#describe(this.#described);
  }

  #newMap() {
    return new HouseMap(byId("map"), {
      stage: texts.map.stage,
      appearanceOf: (seat) => this.#appearanceOf(seat),
      blockOf: (section) => this.#blockOf(section),
      onPick: (seat) => {
        this.#pick(seat);
        afterPaint(() => this.#cursor.goTo(seat));
      },
      onPoint: (seat) => this.#point(seat),
      onEnter: (section) => this.#entered(section),
      onMove: () => this.#moved(),
    });
  }

  #moved() {
    this.#cursor?.place();
    if (!this.#described && this.#map) sayHint(this.#map); // seats may be near now
  }

  #newCursor() {
    return new MapCursor(byId("map"), {
      map: this.#map,
      appearanceOf: (seat) => this.#appearanceOf(seat),
      seatLabel: (seat, shown) => seatLabel(this.#view?.inventory, seat, shown),
      sectionLabel: (section) => texts.map.block(this.#blockOf(section).lines),
      onPick: (seat) => this.#pick(seat),
      rowLabel: ({ name, seats }) =>
        texts.map.row(name, seats.filter(({ id }) => this.#stateOf(id) === "free").length, seats.length),
      onPoint: (seat) => this.#describe(seat),
      isWanted: (seat) => this.#appearanceOf(seat) === "free",
    });
  }

  /** Open a section that was chosen by name. @param {string} section */
  #openSection(section) {
    this.section = section;
    this.#redraw();
    this.#map.enter(section);
    if (this.#house) this.#cursor.show(this.#house, section);
  }

  /** @param {string} section that the map is in now, or "" */
  #entered(section) {
    if (section) this.section = section;
    if (this.#house) this.#cursor.show(this.#house, this.section);
    afterPaint(this.#redraw);
  }

  /** @param {View} view */
  #drawSections({ inventory, shows }) {
    const onChoose = (/** @type {string} */ id) => this.#openSection(id);
    drawSections(inventory, { shows, chosen: this.section, onChoose, besides: viewButtons });
    offerView(byId("list-view"), inventory.section(this.section));
    offerView(byId("map-view"), inventory.section(this.#map.inside));
  }

  /** @param {View} view */
  #drawQuantity(view) {
    this.#quantity.draw({ ...view, isSuggested: this.#isSuggested }, this.section);
  }

  /** Return whether exactly what was suggested last is chosen. */
  get #isSuggested() {
    return this.#best.areChosen(this.#overrides);
  }

  /**
   * Choose the best seats of the house, and show them; once more, the next best.
   * @param {(seats: string[]) => void} onSuggest
   */
  #suggest(onSuggest) {
    const { value } = this.#quantity;
    const inventory = /** @type {SeatInventory} */ (this.#view?.inventory);
    const party = { house: this.#house, inventory, count: value, areChosen: this.#isSuggested };
    const seats = this.#best.next(party, (seat) => this.#isTakeable(seat));
    if (!seats) return say(texts.quantity.notTogether(value));
    const section = sectionOf(seats[0]);
    this.section = section;
    onSuggest(seats);
    this.#map.enter(section);
    this.#map.reveal(section, seats[0]);
    say(texts.map.suggested(inventory.section(section)?.name ?? "", seats.map(shortName)));
  }

  /** @param {View} view @param {Map<string, SeatAppearance>} before what overrode the states then */
  #drawMap(view, before) {
    const { inventory, mode, overrides } = view;
    const sections = sectionsOfShow(inventory, this.section);
    const hasSeats = sections.some(({ kind }) => kind === "seated");
    byId("map-part").hidden = byId("seat-list").hidden = !hasSeats;
    if (!hasSeats) return;
    const show = sections[0].show;
    this.#map.setTappable(mode === "choosing");
    if (this.#drawn.inventory !== inventory || this.#drawn.show !== show) this.#showHouse(sections);
    else {
      const changed = differences(before, overrides);
      this.#map.update([...changed, ...this.#updateApart(changed)]);
    }
    this.#drawn = { inventory, show };
    this.#drawAround(view);
  }

  /** @param {Section[]} sections of one show */
  #showHouse(sections) {
    this.#described = "";
    const isNarrow = byId("map").clientWidth < NARROW_PX;
    this.#house = housePlan(sections, isNarrow ? 0.9 : 1.8);
    this.#updateApart(null);
    const isSeated = this.#house.byId.get(this.section)?.section.kind === "seated";
    const isWhole = sections.length > SECTIONS_AT_ONCE || !isSeated;
    this.#map.show(this.#house, isWhole ? "" : this.section);
    this.#cursor.show(this.#house, this.section);
  }

  /** Draw what goes with the map. @param {View} view */
  #drawAround({ inventory, mode }) {
    const sections = sectionsOfShow(inventory, this.section);
    const appearanceOf = (/** @type {string} */ seat) => this.#appearanceOf(seat);
    const inside = this.#map.inside;
    const name = inventory.section(inside)?.name ?? "";
    byId("map").setAttribute("aria-label", inside ? texts.map.label(name) : texts.map.house);
    this.#cursor.update();
    drawFilters(sections);
    const { looks, kinds } = occurringIn(this.#map.looksShown);
    drawLegend(looks, kinds, pricesByNumber(sections));
    const seated = sections.filter((section) => section.kind === "seated");
    byId("seat-list").hidden = mode !== "choosing" || seated.every(({ id }) => id !== this.section);
    drawSeatList({ sections: seated, section: this.section, appearanceOf });
  }

  /** @param {string} id */
  #blockOf(id) {
    const { inventory } = this.#view ?? {};
    const isApart = this.#apart.areAll(id, inventory?.free(id) ?? null);
    return blockOf(inventory, id, { isApart, isChosen: id === this.section, quantity: this.#quantity.value });
  }

  /** Find the seats apart anew in the rows of these seats; everywhere for null. Return what has changed. @param {string[] | null} seats */
  #updateApart(seats) {
    const wanted = { house: this.#house, count: this.#quantity.together };
    return this.#apart.update({ ...wanted, isTakeable: (seat) => this.#isTakeable(seat) }, seats);
  }

  /** Return whether a seat is free, or chosen by this visitor. @param {string} seat */
  #isTakeable(seat) {
    return TAKEABLE.has(this.#stateOf(seat));
  }

  /** @param {string} seat @returns {SeatAppearance} */
  #appearanceOf(seat) {
    const state = this.#stateOf(seat);
    return state === "free" && this.#apart.has(seat) ? "apart" : state;
  }

  /** @param {string} seat @returns {SeatAppearance} */
  #stateOf(seat) {
    return this.#overrides.get(seat) ?? this.#view?.inventory.stateOf(seat) ?? "unknown";
  }

  /** @param {string} seat */
  #pick(seat) {
    const shown = this.#appearanceOf(seat);
    this.#describe(seat);
    if (this.#view?.mode !== "choosing" || this.#view.busy) return;
    if (shown === "chosen") this.#paintAndPick([seat], "free");
    if (shown !== "free" && shown !== "apart") return;
    const block = this.#blockAround(seat);
    if (block.length) this.#paintAndPick(block, "chosen");
    else say(texts.map.notTogether(this.#quantity.value));
    if (block.length > 1) announce(texts.map.together(block.map(shortName)));
  }

  /**
   * Paint what a pick is about to change, and only then let the page draw all that follows from it.
   * @param {string[]} seats @param {SeatAppearance} shown
   */
  #paintAndPick(seats, shown) {
    this.#overrides = new Map([...this.#overrides, ...seats.map((seat) => /** @type {const} */ ([seat, shown]))]);
    this.#map.update(seats);
    afterPaint(() => this.#onPick(seats));
  }

  /** Return the seats that go with one that is picked. @param {string} seat */
  #blockAround(seat) {
    const row = rowOf(this.#house, seat);
    const { value } = this.#quantity;
    if (value === 1 || !row) return [seat];
    return seatsTogether(row.seats, seat, value, ({ id }) => this.#isTakeable(id));
  }

  /** Describe the seat below the pointer, and ring those that go with it. @param {string} seat */
  #point(seat) {
    if (seat !== this.#described) this.#describe(seat);
    const may = seat && this.#view?.mode === "choosing" && this.#appearanceOf(seat) === "free";
    this.#map.ring(may ? this.#blockAround(seat) : []);
  }

  /** Write row, number, price and state of a seat into the readout. @param {string} seat */
  #describe(seat) {
    this.#described = seat;
    const section = this.#view?.inventory.section(sectionOf(seat));
    if (!seat || !section) return sayHint(this.#map);
    const kind = this.#house?.byId.get(section.id)?.plan.seats.get(seat)?.kind ?? "";
    describeSeat(seat, section.price, this.#appearanceOf(seat), kind);
  }
}
