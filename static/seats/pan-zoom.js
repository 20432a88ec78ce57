// Pan and zoom of a seat map in its scrolling box, with seats large enough to tap.

const TAPPABLE_PX = matchMedia("(pointer: coarse)").matches ? 40 : 26; // a seat
const HITTABLE_PX = 18; // below that a tap zooms in instead of picking
const MIN_PX = 7; // to be visible at all
const MAX_PX = 64;
const ZOOM_STEP = 1.5;

/** A map in a scrolling box, at a scale in pixels a seat. */
export class PanZoom {
  /** @type {SVGElement | null} */ #map = null;
  /** @type {import("./geometry.js").Box} */ #plan = { left: 0, top: 0, width: 1, height: 1 };
  #box;
  #onScroll;
  #seatPx = 0;
  #zoomed = false; // by hand: then the scale stays
  #tappable = false;

  /**
   * @param {HTMLElement} box
   * @param {(seats: number) => void} onScroll gets the distance from the left, in seats
   */
  constructor(box, onScroll) {
    this.#box = box;
    this.#onScroll = onScroll;
    box.addEventListener("scroll", () => this.#reportScroll(), { passive: true });
    new ResizeObserver(() => this.#fitBox()).observe(box);
  }

  /** Show another map, at the scale that fits. @param {Element} map @param {import("./geometry.js").Box} plan */
  show(map, plan) {
    this.#map = /** @type {SVGElement} */ (map);
    this.#plan = plan;
    this.#seatPx = 0;
    this.#zoomed = false;
    this.#box.replaceChildren(map);
    this.#fitBox();
  }

  /** Set whether seats must be large enough to tap. @param {boolean} may */
  setTappable(may) {
    if (this.#tappable === may) return;
    this.#tappable = may;
    this.#fitBox();
  }

  /** Enlarge by half. */
  zoomIn() {
    this.#zoom(this.#seatPx * ZOOM_STEP);
  }

  /** Reduce by a third. */
  zoomOut() {
    this.#zoom(this.#seatPx / ZOOM_STEP);
  }

  /** Show the whole map. */
  zoomToFit() {
    this.#zoom(this.#fitAllPx());
  }

  /**
   * Zoom in at the pointer if seats are too small to hit. Return whether that was done.
   * @param {MouseEvent | KeyboardEvent} event
   */
  zoomedInstead(event) {
    if (!("clientX" in event) || this.#seatPx >= HITTABLE_PX) return false;
    const { left, top } = this.#box.getBoundingClientRect();
    this.#zoom(TAPPABLE_PX, event.clientX - left, event.clientY - top);
    return true;
  }

  #fitBox() {
    const width = this.#box.clientWidth;
    if (!width || !this.#map) return;
    if (this.#zoomed) return this.#reportScroll();
    const first = this.#seatPx === 0;
    const fit = this.#fitWidthPx();
    this.#setScale(
      Math.min(Math.max(fit, this.#tappable ? TAPPABLE_PX : MIN_PX), TAPPABLE_PX * 1.25),
    );
    this.#box.scrollLeft = (this.#plan.width * this.#seatPx - width) / 2;
    if (first) this.#box.scrollTop = 0;
  }

  /**
   * Scale the map around a point.
   * @param {number} seatPx
   * @param {number} [x] what stays where it is, in pixels of the box
   * @param {number} [y]
   */
  #zoom(seatPx, x = this.#box.clientWidth / 2, y = this.#box.clientHeight / 2) {
    const box = this.#box;
    this.#zoomed = true;
    const [atX, atY] = [(box.scrollLeft + x) / this.#seatPx, (box.scrollTop + y) / this.#seatPx];
    this.#setScale(Math.min(MAX_PX, Math.max(seatPx, Math.min(this.#fitAllPx(), MIN_PX))));
    box.scrollLeft = atX * this.#seatPx - x;
    box.scrollTop = atY * this.#seatPx - y;
    this.#reportScroll();
  }

  /** @param {number} seatPx */
  #setScale(seatPx) {
    this.#seatPx = seatPx;
    if (!this.#map) return;
    this.#map.style.width = `${this.#plan.width * seatPx}px`;
    this.#map.style.height = `${this.#plan.height * seatPx}px`;
    this.#reportScroll();
  }

  /** Return the scale at which the whole map is visible, in pixels a seat. */
  #fitAllPx() {
    const most = Number.parseFloat(getComputedStyle(this.#box).maxHeight) || Infinity;
    return Math.min(this.#fitWidthPx(), most / this.#plan.height);
  }

  #fitWidthPx() {
    return this.#box.clientWidth / this.#plan.width;
  }

  #reportScroll() {
    if (this.#seatPx) this.#onScroll(this.#box.scrollLeft / this.#seatPx);
  }
}
