// The form for a quantity: how many a tap chooses side by side, the server chooses as the best, or of
// a standing section are held, or chosen beside seats.

import { isolated } from "../texts/direction.js";
import { formatPrice } from "../lib/money.js";
import { texts as all } from "../texts/texts.js";
import { afterPaint, byId, setText, setTextOrHide } from "../ui/dom.js";
import { announce } from "../ui/live-region.js";
import { Stepper } from "../ui/stepper.js";
import { takeWish } from "./seat-filters.js";
import { countOf } from "./selection.js";

const texts = all.seats.quantity;

/**
 * @typedef {object} View
 * @property {import("./seat-inventory.js").SeatInventory} inventory
 * @property {string} mode
 * @property {number} ticketsMax
 * @property {boolean} busy
 * @property {import("./selection.js").Selection} selection
 * @property {boolean} [isSuggested] whether what is chosen was suggested
 */

/** The form of one page. */
export class QuantityForm {
  #stepper;
  #mayHold = false;
  #isKnown = false;
  #isAsked = false; // for the best seats, before it was known which are free
  #name = ""; // of the section
  #added = 0; // places of it that are chosen beside seats

  /**
   * @param {{redraw: () => void, onHold: (quantity: number) => void, onAdd: (quantity: number) => void,
   *   onSuggest: () => void}} listener
   */
  constructor({ redraw, onHold, onAdd, onSuggest }) {
    byId("add-standing").addEventListener("click", () => {
      if (byId("add-standing").getAttribute("aria-disabled") === "true") return;
      const quantity = this.#added + this.value;
      this.#stepper.value = 1; // a tap on a seat is to choose one
      onAdd(quantity);
      announce(texts.added(quantity, this.#name));
    });
    byId("suggest").addEventListener("click", () => {
      if (byId("suggest").getAttribute("aria-disabled") === "true") return;
      if (this.#isKnown) onSuggest();
      else this.#isAsked = true;
    });
    this.#stepper = new Stepper("quantity", redraw);
    byId("together-only").addEventListener("change", redraw);
    byId("quantity-form").addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      if (this.#mayHold) onHold(this.value);
    });
  }

  /** Return the quantity. */
  get value() {
    return this.#stepper.value;
  }

  /** Return how many seats must be side by side to be shown as free; 1 while that is not asked for. */
  get together() {
    const isAsked = !byId("together-filter").hidden && /** @type {HTMLInputElement} */ (byId("together-only")).checked;
    return isAsked ? this.value : 1;
  }

  /** Draw the form for a section. @param {View} view @param {string} id of the section */
  draw({ inventory, mode, ticketsMax, busy, selection, isSuggested = false }, id) {
    const section = inventory.section(id);
    const isChoosing = mode === "choosing" && ticketsMax > 0;
    byId("quantity-form").hidden = !isChoosing || !section;
    if (!section) return;
    this.#name = section.name;
    const free = inventory.free(id);
    const seated = section.kind === "seated";
    const { seats, standing } = selection;
    this.#added = standing?.section === id ? standing.quantity : 0;
    const most = ticketsMax - (seated ? (standing?.quantity ?? 0) : seats.length + this.#added);
    const wish = mode === "looking" ? null : takeWish(); // who holds something has their seats
    if (wish) this.#stepper.value = wish.quantity;
    this.#isKnown = inventory.sections.every((one) => inventory.free(one.id) !== null);
    this.#isAsked = isChoosing && (this.#isAsked || Boolean(wish && seated));
    if (this.#isAsked && this.#isKnown) this.#suggestSoon();
    const left = free === null ? null : free - this.#added;
    this.#stepper.draw(Math.min(most, left || most));
    const { value } = this;
    setText(byId("quantity-label"), seated ? texts.seated : texts.standing);
    byId("suggest").hidden = !seated;
    byId("together-filter").hidden = !seated || value < 2;
    setText(byId("together-label"), all.seats.filters.together(value));
    const nothingFree = inventory.sections.every((one) => one.kind !== "seated" || inventory.free(one.id) === 0);
    byId("suggest").setAttribute("aria-disabled", String(nothingFree));
    setText(byId("suggest"), isSuggested ? texts.others : texts.suggest(value));
    const sum = formatPrice({ ...section.price, amount: section.price.amount * value });
    const words = seated ? texts.best(value, isolated(section.name)) : texts.places(value, sum);
    setText(byId("hold-quantity"), words);
    const fits = !busy && Math.min(left ?? 0, most) >= value;
    this.#mayHold = isChoosing && fits && !this.#drawAdding(section, selection, { inventory, fits });
    byId("hold-quantity").setAttribute("aria-disabled", String(!this.#mayHold));
    const stock = inventory.stock(id);
    setTextOrHide(byId("quantity-none"), free === 0 && stock !== "free" ? texts.none[stock] : "");
  }

  /**
   * Draw the button that chooses standing places beside seats. Return whether something is chosen that
   * goes with them: then they are held with it, and not by themselves.
   * @param {import("./seat-inventory.js").Section} section
   * @param {import("./selection.js").Selection} selection
   * @param {{inventory: import("./seat-inventory.js").SeatInventory, fits: boolean}} now
   */
  #drawAdding({ kind }, selection, { inventory, fits }) {
    const { standing } = selection;
    const isChosen = kind === "seated" ? standing !== null : countOf(selection) > 0;
    byId("hold-quantity").hidden = isChosen;
    const hasSeats = inventory.sections.some((one) => one.kind === "seated");
    byId("add-standing").hidden = kind === "seated" || !(hasSeats || isChosen);
    byId("add-standing").setAttribute("aria-disabled", String(!fits));
    const words = this.#added ? texts.addMore : standing ? texts.instead : texts.add;
    setText(byId("add-standing"), words(this.value));
    return isChosen;
  }

  #suggestSoon() {
    this.#isAsked = false;
    afterPaint(() => byId("suggest").click());
  }
}

/** Return what is said above the seats. @param {"looking" | "choosing" | "holding"} mode @param {number} ticketsMax */
export function leadOf(mode, ticketsMax) {
  const { leads } = all.seats;
  if (mode !== "choosing") return leads[mode];
  return ticketsMax > 0 ? leads.choosing(ticketsMax) : leads.all;
}
