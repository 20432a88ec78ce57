// The canvas of the operators' map: every seat of a house in the colour of its state or of its row's heat.

import { housePlan, toHouse } from "../plan/house-plan.js";
import { paletteOf } from "../ui/palette.js";
import { drawLabels } from "./house-labels.js";
import { rectangle, seatNear } from "./seat-choice.js";

/**
 * @typedef {import("../seats/seat-inventory.js").Section} Section
 * @typedef {import("./seat-choice.js").Point} Point
 * @typedef {{id: string, row: string, x: number, y: number}} PlacedSeat `row`: `section/row`
 * @typedef {"look" | "rectangle" | "lasso"} Tool
 * @typedef {{markOf: (seat: PlacedSeat) => string, heatOf: ((seat: PlacedSeat) => number) | null,
 *   isChosen: (seat: string) => boolean}} Looks `markOf`: as availability has it
 */

const SEAT_SHARE = 0.8; // of the distance between two
const SEAT_PX_MAX = 26;
const SIDE_PX_MAX = 4096; // of a canvas
const ASPECT = 1.8;
const BORDERS_PX = 2; // of the frame, above and below
const LABEL_COLOURS = ["card", "ink", "soft", "rule", "stage"];
const COLOUR_OF = { ".": "--free", h: "--held", s: "--sold" };

/** The canvas of one house at a time. */
export class HouseCanvas {
  /** @type {PlacedSeat[]} */ seats = [];
  tool = /** @type {Tool} */ ("rectangle");
  /** @type {import("../plan/house-plan.js").House | null} */ #house = null;
  #zoom = 1;
  #scale = 1;
  /** @type {Point[]} */ #line = [];
  /** @type {Looks | null} */ #looks = null;
  #canvas;
  #onDrawn;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {(line: Point[], seat: string) => void} onDrawn called with a closed line, or with a seat
   */
  constructor(canvas, onDrawn) {
    this.#canvas = canvas;
    this.#onDrawn = onDrawn;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#end(event));
    canvas.addEventListener("pointercancel", () => this.#drop());
    new ResizeObserver(() => this.#fit()).observe(/** @type {HTMLElement} */ (canvas.parentElement));
  }

  /** Show the sections of one show. @param {Section[]} sections */
  show(sections) {
    const house = housePlan(sections, ASPECT);
    this.#house = house;
    this.seats = house.placed.flatMap((placed) =>
      placed.plan.list.map((seat) => {
        const { x, y } = toHouse(placed, seat.x, seat.y);
        return { id: seat.id, row: `${placed.section.id}/${seat.row}`, x, y };
      }),
    );
    this.#fit();
  }

  /** Draw every seat. @param {Looks} looks */
  draw(looks) {
    this.#looks = looks;
    this.#paint();
  }

  /** Make the map larger or smaller. @param {1 | -1} step */
  zoom(step) {
    this.#zoom = Math.min(8, Math.max(1, this.#zoom * (step > 0 ? 1.5 : 1 / 1.5)));
    this.#fit();
  }

  /** Return where a seat is on the canvas, in pixels of the page. @param {string} id */
  pointOf(id) {
    const seat = this.seats.find((one) => one.id === id);
    const { left, top } = this.#box;
    return seat && { x: (seat.x - left) * this.#scale, y: (seat.y - top) * this.#scale };
  }

  get #box() {
    return this.#house?.box ?? { left: 0, top: 0, width: 1, height: 1 };
  }

  #fit() {
    if (!this.#house) return;
    const { width, height } = this.#box;
    const frame = /** @type {HTMLElement} */ (this.#canvas.parentElement);
    const tallest = parseFloat(getComputedStyle(frame).maxHeight) || Infinity;
    const ratio = devicePixelRatio || 1;
    const fitting = Math.min(SEAT_PX_MAX, frame.clientWidth / width, (tallest - BORDERS_PX) / height) * this.#zoom;
    this.#scale = Math.max(0.5, Math.min(fitting, SIDE_PX_MAX / ratio / Math.max(width, height)));
    const [w, h] = [width * this.#scale, height * this.#scale];
    Object.assign(this.#canvas, { width: Math.round(w * ratio), height: Math.round(h * ratio) });
    this.#canvas.style.width = `${w}px`;
    this.#canvas.style.height = `${h}px`;
    this.#paint();
  }

  #paint() {
    const context = this.#canvas.getContext("2d");
    if (!context || !this.#house || !this.#looks) return;
    const ratio = this.#canvas.width / Math.max(1, this.#box.width * this.#scale);
    const unit = this.#scale * ratio;
    context.setTransform(unit, 0, 0, unit, -this.#box.left * unit, -this.#box.top * unit);
    context.clearRect(this.#box.left, this.#box.top, this.#box.width, this.#box.height);
    const colour = coloursOf(this.#canvas);
    for (const seat of this.seats) this.#paintSeat(context, seat, colour);
    context.save();
    drawLabels(context, this.#house, { scale: this.#scale, ratio, palette: paletteOf(this.#canvas, LABEL_COLOURS) });
    context.restore();
    if (this.#line.length > 1) paintLine(context, this.#outline(), colour("--accent"), 2 / this.#scale);
  }

  /** @param {CanvasRenderingContext2D} context @param {PlacedSeat} seat @param {(name: string) => string} colour */
  #paintSeat(context, seat, colour) {
    const { markOf, heatOf, isChosen } = /** @type {Looks} */ (this.#looks);
    const mark = markOf(seat);
    const side = SEAT_SHARE;
    const isClosed = mark === "x";
    context.globalAlpha = heatOf && !isClosed ? 0.1 + 0.9 * heatOf(seat) : 1;
    context.fillStyle = colour(heatOf && !isClosed ? "--sold" : (/** @type {Record<string, string>} */ (COLOUR_OF)[mark] ?? "--free"));
    if (!isClosed) context.fillRect(seat.x - side / 2, seat.y - side / 2, side, side);
    context.globalAlpha = 1;
    if (isClosed) paintCross(context, seat, colour("--soft"));
    if (!isChosen(seat.id)) return;
    context.strokeStyle = colour("--ink");
    context.lineWidth = 0.16;
    context.strokeRect(seat.x - side / 2, seat.y - side / 2, side, side);
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    if (this.tool === "look" || event.button !== 0) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#line = [this.#place(event)];
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.#line.length) return;
    this.#line.push(this.#place(event));
    this.#paint();
  }

  /** @param {PointerEvent} event */
  #end(event) {
    if (!this.#line.length) return;
    this.#line.push(this.#place(event));
    const [first, last] = [this.#line[0], this.#line[this.#line.length - 1]];
    const isClick = Math.hypot(last.x - first.x, last.y - first.y) < 0.4 && this.#line.length < 5;
    const outline = this.#outline();
    this.#line = [];
    if (isClick) this.#onDrawn([], seatNear(this.seats, last)?.id ?? "");
    else this.#onDrawn(outline, "");
  }

  #drop() {
    this.#line = [];
    this.#paint();
  }

  #outline() {
    const [first, last] = [this.#line[0], this.#line[this.#line.length - 1]];
    return this.tool === "rectangle" ? rectangle(first, last) : this.#line;
  }

  /** @param {PointerEvent} event @returns {Point} in the house */
  #place({ clientX, clientY }) {
    const box = this.#canvas.getBoundingClientRect();
    const { left, top } = this.#box;
    return { x: left + (clientX - box.left) / this.#scale, y: top + (clientY - box.top) / this.#scale };
  }
}

/** Return a function that reads colours of the style sheet, each once. @param {Element} element */
function coloursOf(element) {
  const style = getComputedStyle(element);
  /** @type {Map<string, string>} */
  const known = new Map();
  return (/** @type {string} */ name) => {
    if (!known.has(name)) known.set(name, style.getPropertyValue(name).trim());
    return known.get(name) ?? "";
  };
}

/** @param {CanvasRenderingContext2D} context @param {Point} seat @param {string} colour */
function paintCross(context, { x, y }, colour) {
  context.strokeStyle = colour;
  context.lineWidth = 0.12;
  context.beginPath();
  for (const side of [-1, 1]) {
    context.moveTo(x - 0.25, y - 0.25 * side);
    context.lineTo(x + 0.25, y + 0.25 * side);
  }
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {Point[]} line @param {string} colour @param {number} width */
function paintLine(context, line, colour, width) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash([4 * width, 2 * width]);
  context.beginPath();
  for (const { x, y } of line) context.lineTo(x, y);
  context.closePath();
  context.stroke();
  context.setLineDash([]);
}
