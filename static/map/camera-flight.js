// The flight of a camera: a quarter of a second from where it is to where it shall be.

import { between } from "../plan/camera.js";

/** @typedef {import("../plan/camera.js").Camera} Camera */

const FLIGHT_MS = 240;

/** The one flight of a map at a time. */
export class CameraFlight {
  #frame = 0;
  /** @type {Camera | null} */ #to = null;

  /** The camera at the end of the flight that is on, or null. */
  get end() {
    return this.#to;
  }

  /** Fly, and end the flight before; at once for whom motion is too much. @param {Camera} from @param {Camera} to @param {(camera: Camera) => void} onStep */
  start(from, to, onStep) {
    this.stop();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return onStep(to);
    this.#to = to;
    const began = performance.now();
    const step = (/** @type {number} */ now) => {
      const share = Math.min(1, Math.max(0, (now - began) / FLIGHT_MS));
      if (share < 1) this.#frame = requestAnimationFrame(step);
      else this.#to = null;
      onStep(share < 1 ? between(from, to, 1 - (1 - share) ** 3) : to);
    };
    this.#frame = requestAnimationFrame(step);
  }

  /** End the flight where it is. */
  stop() {
    cancelAnimationFrame(this.#frame);
    this.#to = null;
  }
}
