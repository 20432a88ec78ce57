// The house on the page: its sections, the map of one of them, and how many the best may be.

import { price } from "../lib/money.js";
import { texts } from "../texts/en.js";
import { make, part, write, writeIf } from "../ui/dom.js";
import { Stepper } from "../ui/stepper.js";
import { planOf } from "./geometry.js";
import { MapFrame } from "./pan-zoom.js";
import { placeOf, sectionOf } from "./seat-inventory.js";
import { drawSections } from "./section-list.js";
import { SeatMap, sample } from "./section-map.js";

/**
 * @typedef {import("./seat-inventory.js").House} House
 * @typedef {import("./section-map.js").Shown} Shown
 * @typedef {import("./section-list.js").Show} Show
 *
 * @typedef {object} Now
 * @property {House} house
 * @property {Show[]} shows
 * @property {"looking" | "choosing" | "holding"} mode
 * @property {number} most how many tickets may still be booked
 * @property {boolean} busy whether seats are just being held
 * @property {Map<string, Shown>} ours what is shown of some seats instead of their state
 */

const words = texts.seats;
const SIGNS = /** @type {Shown[]} */ (["free", "chosen", "mine", "held", "sold", "closed", "lost"]);

/** Everything that shows where one may sit or stand. */
export class SeatView {
  section = "";
  /** @type {SeatMap | null} */ #map = null;
  /** @type {Now | null} */ #now = null;
  /** @type {Map<string, Shown>} */ #ours = new Map();
  #drawn = "";
  #pointed = "";
  #onPick;
  #redraw;
  #frame = new MapFrame(part("map"), (seats) => this.#map?.slide(seats));
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
    part("quantity-form").addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      if (this.#mayTake()) onQuantity(this.section, this.#stepper.value);
    });
    part("map-closer").addEventListener("click", () => this.#frame.closer());
    part("map-farther").addEventListener("click", () => this.#frame.farther());
    part("map-whole").addEventListener("click", () => this.#frame.whole());
    part("legend").append(
      ...SIGNS.map((sign) =>
        make("li", { "data-sign": sign }, sample(sign), /** @type {any} */ (words.map.signs)[sign]),
      ),
    );
  }

  /** Show the house as it is now. @param {Now} now */
  draw(now) {
    this.#now = now;
    const { house, mode, most } = now;
    if (!house.section(this.section)) this.section = firstSection(house);
    write(part("seats-title"), words.titles[mode]);
    writeIf(part("seats-lead"), leadOf(mode, most));
    this.#drawSections(now);
    this.#drawMap(now);
    this.#drawQuantity(now);
    this.#point(this.#pointed);
  }

  /** Some seats have changed, or all of them. @param {import("./seat-subscription.js").News} news */
  took({ whole, seats }) {
    if (whole) this.#map?.updateAll();
    else this.#map?.update(seats);
    if (!this.#now) return;
    this.#drawSections(this.#now);
    this.#drawQuantity(this.#now);
    if (seats.includes(this.#pointed)) this.#point(this.#pointed);
  }

  /** @param {string} section */
  #choose(section) {
    this.section = section;
    this.#redraw();
  }

  /** @param {Now} now */
  #drawSections({ house, shows }) {
    drawSections(house, { shows, chosen: this.section, onChoose: (id) => this.#choose(id) });
  }

  /** @param {Now} now */
  #drawMap({ house, mode, ours }) {
    const section = house.section(this.section);
    const seated = section?.kind === "seated";
    part("map-part").hidden = !seated;
    if (!section || !seated) return;
    const before = this.#ours;
    this.#ours = ours;
    if (this.#drawn === section.id) this.#map?.update(differing(before, ours));
    else this.#open(section);
    this.#map?.choosable(mode === "choosing");
    this.#frame.tappable(mode === "choosing");
  }

  /** @param {import("./seat-inventory.js").Section} section */
  #open(section) {
    const plan = planOf(section);
    this.#drawn = section.id;
    this.#pointed = "";
    this.#map = new SeatMap(plan, {
      name: section.name,
      shownOf: (seat) => this.#shownOf(seat),
      onPick: (seat, event) => this.#pick(seat, event),
      onPoint: (seat) => this.#point(seat),
    });
    this.#frame.hold(this.#map.element, plan.box);
  }

  /** @param {string} seat @returns {Shown} */
  #shownOf(seat) {
    return this.#ours.get(seat) ?? this.#now?.house.stateOf(seat) ?? "unknown";
  }

  /** @param {string} seat @param {MouseEvent | KeyboardEvent} event */
  #pick(seat, event) {
    if (this.#frame.wasTooSmall(event)) return;
    const shown = this.#shownOf(seat);
    this.#point(seat);
    const may = this.#now?.mode === "choosing" && !this.#now.busy;
    if (may && (shown === "free" || shown === "chosen")) this.#onPick(seat);
  }

  /** Say what somebody points at. @param {string} seat */
  #point(seat) {
    this.#pointed = seat;
    const section = this.#now?.house.section(sectionOf(seat));
    if (!seat || !section) return write(part("readout"), words.map.hint);
    const { row, number } = placeOf(seat);
    const state = words.map.states[this.#shownOf(seat)];
    write(part("readout"), [words.seat(row, number), price(section.price), state].join(" · "));
  }

  /** @param {Now} now */
  #drawQuantity({ house, mode, most, busy }) {
    const section = house.section(this.section);
    part("quantity-form").hidden = mode !== "choosing" || most < 1 || !section;
    if (!section) return;
    const free = house.free(section.id);
    this.#stepper.draw(Math.min(most, free || most));
    const { value } = this.#stepper;
    const seated = section.kind === "seated";
    write(part("quantity-label"), seated ? words.quantity.seated : words.quantity.standing);
    write(
      part("hold-quantity"),
      seated ? words.quantity.best(value) : words.quantity.places(value),
    );
    part("hold-quantity").setAttribute("aria-disabled", String(busy || !free));
    writeIf(part("quantity-none"), free === 0 ? words.quantity.none : "");
  }

  #mayTake() {
    const now = this.#now;
    return now?.mode === "choosing" && !now.busy && (now.house.free(this.section) ?? 0) > 0;
  }
}

/** @param {Now["mode"]} mode @param {number} most */
function leadOf(mode, most) {
  if (mode !== "choosing") return words.leads[mode];
  return most > 0 ? words.leads.choosing(most) : words.leads.all;
}

/** @param {House} house */
function firstSection({ sections }) {
  return (sections.find((section) => section.kind === "seated") ?? sections[0])?.id ?? "";
}

/**
 * The seats of which two maps say different things.
 * @param {Map<string, Shown>} a @param {Map<string, Shown>} b
 */
function differing(a, b) {
  return [...new Set([...a.keys(), ...b.keys()])].filter((seat) => a.get(seat) !== b.get(seat));
}
