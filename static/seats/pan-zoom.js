// The window through which a seat map is seen: large enough to tap, to be moved and zoomed.

const TAP = matchMedia("(pointer: coarse)").matches ? 40 : 26; // pixels a seat, to hit it well
const HITTABLE = 18; // below that a tap looks closer instead of choosing
const LEAST = 7; // to be seen at all
const MOST = 64;
const STEP = 1.5;

/** Keeps a drawing in a scrolling box, at so many pixels a seat. */
export class MapFrame {
  /** @type {SVGElement | null} */ #map = null;
  /** @type {import("./geometry.js").Box} */ #plan = { left: 0, top: 0, width: 1, height: 1 };
  #box;
  #onSlide;
  #pitch = 0;
  #chosen = false; // whether somebody has zoomed
  #tapped = false;

  /**
   * @param {HTMLElement} box
   * @param {(seats: number) => void} onSlide how many seats the plan is scrolled sideways
   */
  constructor(box, onSlide) {
    this.#box = box;
    this.#onSlide = onSlide;
    box.addEventListener("scroll", () => this.#slid(), { passive: true });
    new ResizeObserver(() => this.#resized()).observe(box);
  }

  /** Show another drawing. @param {Element} map @param {import("./geometry.js").Box} plan */
  hold(map, plan) {
    this.#map = /** @type {SVGElement} */ (map);
    this.#plan = plan;
    this.#pitch = 0;
    this.#chosen = false;
    this.#box.replaceChildren(map);
    this.#resized();
  }

  /** Whether seats are there to be tapped, or only to be looked at. @param {boolean} may */
  tappable(may) {
    if (this.#tapped === may) return;
    this.#tapped = may;
    this.#resized();
  }

  /** Look closer. */
  closer() {
    this.#zoom(this.#pitch * STEP);
  }

  /** Look from farther away. */
  farther() {
    this.#zoom(this.#pitch / STEP);
  }

  /** See everything. */
  whole() {
    this.#zoom(this.#fit());
  }

  /**
   * Whether seats are too small to be hit; then it looks closer at where that was tried.
   * @param {MouseEvent | KeyboardEvent} event
   */
  wasTooSmall(event) {
    if (!("clientX" in event) || this.#pitch >= HITTABLE) return false;
    const { left, top } = this.#box.getBoundingClientRect();
    this.#zoom(TAP, event.clientX - left, event.clientY - top);
    return true;
  }

  #resized() {
    const wide = this.#box.clientWidth;
    if (!wide || !this.#map) return;
    if (this.#chosen) return this.#slid();
    const first = this.#pitch === 0;
    const fit = this.#fitWidth();
    this.#size(Math.min(Math.max(fit, this.#tapped ? TAP : LEAST), TAP * 1.25));
    this.#box.scrollLeft = (this.#plan.width * this.#pitch - wide) / 2;
    if (first) this.#box.scrollTop = 0;
  }

  /**
   * @param {number} pitch
   * @param {number} [x] what stays where it is, in pixels of the box
   * @param {number} [y]
   */
  #zoom(pitch, x = this.#box.clientWidth / 2, y = this.#box.clientHeight / 2) {
    const box = this.#box;
    this.#chosen = true;
    const [atX, atY] = [(box.scrollLeft + x) / this.#pitch, (box.scrollTop + y) / this.#pitch];
    this.#size(Math.min(MOST, Math.max(pitch, Math.min(this.#fit(), LEAST))));
    box.scrollLeft = atX * this.#pitch - x;
    box.scrollTop = atY * this.#pitch - y;
    this.#slid();
  }

  /** @param {number} pitch */
  #size(pitch) {
    this.#pitch = pitch;
    if (!this.#map) return;
    this.#map.style.width = `${this.#plan.width * pitch}px`;
    this.#map.style.height = `${this.#plan.height * pitch}px`;
    this.#slid();
  }

  /** Pixels a seat at which all of it is seen. */
  #fit() {
    const most = Number.parseFloat(getComputedStyle(this.#box).maxHeight) || Infinity;
    return Math.min(this.#fitWidth(), most / this.#plan.height);
  }

  #fitWidth() {
    return this.#box.clientWidth / this.#plan.width;
  }

  #slid() {
    if (this.#pitch) this.#onSlide(this.#box.scrollLeft / this.#pitch);
  }
}
