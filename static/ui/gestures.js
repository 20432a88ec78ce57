// Gestures on a map: drag with momentum, pinch, wheel, tap and double tap, from pointer events.

/**
 * @typedef {{x: number, y: number}} Point of the view, in pixels
 * @typedef {object} Listener
 * @property {(point: Point) => void} onTap
 * @property {(point: Point) => boolean} onDoubleTap returns whether it meant something
 * @property {(dx: number, dy: number) => void} onDrag
 * @property {(factor: number, point: Point) => boolean} onZoom returns whether the scale has changed
 * @property {(point: Point | null) => void} onHover
 */

const TAP_PX = 8; // farther is a drag
const DOUBLE_TAP_MS = 300;
const FRICTION = 0.94; // of the speed, each frame
const SLOWEST = 0.3; // pixels a frame
const STALE_MS = 60; // a finger that rested before it left throws nothing

/**
 * The gestures of one element. How fast they are is told by when the finger did it, not by when a
 * slow phone comes to it.
 */
export class Gestures {
  /** @type {Map<number, Point>} */ #pointers = new Map();
  /** @type {Point} */ #start = { x: 0, y: 0 };
  #dragging = false;
  #speed = { x: 0, y: 0, at: 0 };
  #lastTap = { x: 0, y: 0, at: -Infinity };
  #throwing = 0;
  #element;
  #listener;

  /** @param {HTMLElement} element @param {Listener} listener */
  constructor(element, listener) {
    this.#element = element;
    this.#listener = listener;
    const on = (/** @type {string} */ type, /** @type {(event: any) => void} */ act) =>
      element.addEventListener(type, act, { passive: type !== "wheel" });
    on("pointerdown", (event) => this.#down(event));
    on("pointermove", (event) => this.#move(event));
    on("pointerup", (event) => this.#up(event));
    on("pointercancel", (event) => this.#cancel(event));
    on("pointerleave", () => listener.onHover(null));
    on("wheel", (event) => this.#wheel(event));
  }

  /** End the momentum of a drag. */
  stop() {
    cancelAnimationFrame(this.#throwing);
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0) return;
    this.stop();
    const point = this.#pointOf(event);
    this.#pointers.set(event.pointerId, point);
    this.#dragging = this.#pointers.size > 1;
    this.#start = point;
    this.#speed = { x: 0, y: 0, at: 0 };
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const point = this.#pointOf(event);
    const before = this.#pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") this.#listener.onHover(point);
      return;
    }
    if (!this.#dragging && distance(point, this.#start) < TAP_PX) return;
    if (!this.#dragging) this.#element.setPointerCapture(event.pointerId);
    this.#dragging = true;
    if (this.#pointers.size === 2) this.#pinch(event.pointerId, before, point);
    else this.#drag(point.x - before.x, point.y - before.y, event.timeStamp);
    this.#pointers.set(event.pointerId, point);
  }

  /** @param {number} dx @param {number} dy @param {number} at */
  #drag(dx, dy, at) {
    this.#listener.onDrag(dx, dy);
    const { x, y } = this.#speed;
    this.#speed = { x: (x + dx) / 2, y: (y + dy) / 2, at };
  }

  /** @param {number} id @param {Point} before @param {Point} point */
  #pinch(id, before, point) {
    const other = [...this.#pointers].find(([pointer]) => pointer !== id)?.[1] ?? before;
    const middle = { x: (point.x + other.x) / 2, y: (point.y + other.y) / 2 };
    this.#listener.onDrag((point.x - before.x) / 2, (point.y - before.y) / 2);
    this.#listener.onZoom(distance(point, other) / Math.max(1, distance(before, other)), middle);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (!this.#pointers.delete(event.pointerId)) return;
    if (!this.#dragging) this.#tap(this.#pointOf(event), event.timeStamp);
    else if (this.#pointers.size === 0 && event.timeStamp - this.#speed.at < STALE_MS) this.#throw();
  }

  /** @param {PointerEvent} event */
  #cancel(event) {
    this.#pointers.delete(event.pointerId);
  }

  /** @param {Point} point @param {number} at */
  #tap(point, at) {
    const isDouble = at - this.#lastTap.at < DOUBLE_TAP_MS && distance(point, this.#lastTap) < 3 * TAP_PX;
    this.#lastTap = { ...point, at: isDouble ? -Infinity : at };
    if (!isDouble || !this.#listener.onDoubleTap(point)) this.#listener.onTap(point);
  }

  #throw() {
    const { x, y } = this.#speed;
    if (Math.hypot(x, y) < SLOWEST || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    this.#speed = { ...this.#speed, x: x * FRICTION, y: y * FRICTION };
    this.#throwing = requestAnimationFrame(() => {
      this.#listener.onDrag(x, y);
      this.#throw();
    });
  }

  /** Zoom; where the scale has come to its end, the page scrolls. @param {WheelEvent} event */
  #wheel(event) {
    this.stop();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 24 : 1;
    const factor = Math.exp((-event.deltaY * lines) / (event.ctrlKey ? 100 : 400));
    if (this.#listener.onZoom(factor, this.#pointOf(event)) || event.ctrlKey) event.preventDefault();
  }

  /** @param {MouseEvent} event @returns {Point} */
  #pointOf({ clientX, clientY }) {
    const { left, top } = this.#element.getBoundingClientRect();
    return { x: clientX - left - this.#element.clientLeft, y: clientY - top - this.#element.clientTop };
  }
}

/** @param {Point} a @param {Point} b */
function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
