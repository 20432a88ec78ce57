// A stepper: a number between 1 and a maximum, chosen with two buttons.

import { texts as all } from "../texts/texts.js";
import { byId, setText } from "./dom.js";

/** A stepper of the elements `{id}`, `{id}-less` and `{id}-more`. */
export class Stepper {
  value = 2;
  #max = 1;
  #id;

  /** @param {string} id @param {() => void} onStep */
  constructor(id, onStep) {
    this.#id = id;
    for (const [name, by] of /** @type {[string, number][]} */ ([
      ["less", -1],
      ["more", 1],
    ])) {
      byId(`${id}-${name}`).addEventListener("click", () => {
        this.#set(this.value + by);
        onStep();
      });
    }
  }

  /** Draw the number, limited to a maximum. @param {number} max */
  draw(max) {
    this.#max = Math.max(1, max);
    this.#set(this.value);
  }

  /** @param {number} value */
  #set(value) {
    this.value = Math.min(this.#max, Math.max(1, value));
    setText(byId(this.#id), all.number(this.value));
    this.#disable("less", this.value <= 1);
    this.#disable("more", this.value >= this.#max);
  }

  /** Disable a button; `aria-disabled` keeps its focus. @param {string} name @param {boolean} is */
  #disable(name, is) {
    byId(`${this.#id}-${name}`).setAttribute("aria-disabled", String(is));
  }
}
