// A number that is chosen by two buttons, between 1 and a most.

import { texts } from "../texts/en.js";
import { part, write } from "./dom.js";

/** The stepper of an id: `{id}`, `{id}-less` and `{id}-more` are on the page. */
export class Stepper {
  value = 2;
  #most = 1;
  #id;

  /** @param {string} id @param {() => void} onStep */
  constructor(id, onStep) {
    this.#id = id;
    for (const [name, by] of /** @type {[string, number][]} */ ([
      ["less", -1],
      ["more", 1],
    ])) {
      part(`${id}-${name}`).addEventListener("click", () => {
        this.#set(this.value + by);
        onStep();
      });
    }
  }

  /** Show it. @param {number} most */
  draw(most) {
    this.#most = Math.max(1, most);
    this.#set(this.value);
  }

  /** @param {number} value */
  #set(value) {
    this.value = Math.min(this.#most, Math.max(1, value));
    write(part(this.#id), texts.figure(this.value));
    this.#end("less", this.value <= 1);
    this.#end("more", this.value >= this.#most);
  }

  /** A button at its end keeps the focus. @param {string} name @param {boolean} ended */
  #end(name, ended) {
    part(`${this.#id}-${name}`).setAttribute("aria-disabled", String(ended));
  }
}
