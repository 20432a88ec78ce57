// The map of a house on a canvas: it draws what the camera sees, and finds what was tapped.

import * as cameras from "./camera.js";
import { seatAt } from "./geometry.js";
import { Gestures } from "./gestures.js";
import { grown, middleOf, overlap, sectionAt, toHouse, toSection } from "./house-plan.js";
import { drawMinimap, placeOnMinimap } from "./minimap.js";
import { onColoursChanged, paletteOf, priceNumbers } from "./palette.js";
import { SeatSprites } from "./seat-sprites.js";
import { SectionLooks } from "./section-looks.js";
import * as painter from "./section-painter.js";

/**
 * @typedef {import("./house-plan.js").House} House
 * @typedef {import("./house-plan.js").Placed} Placed
 * @typedef {import("./camera.js").Camera} Camera
 *
 * @typedef {object} Listener
 * @property {(seat: string) => import("./section-looks.js").SeatAppearance} appearanceOf
 * @property {(section: string) => {lines: string[], share: number, dimmed: boolean, chosen: boolean}} blockOf
 * @property {string} stage the word on it
 * @property {(seat: string) => void} onPick
 * @property {(seat: string) => void} onPoint
 * @property {(section: string) => void} onEnter the section that is open now, or ""
 * @property {() => void} onMove
 */

const COARSE = matchMedia("(pointer: coarse)").matches;
const TAPPABLE_PX = COARSE ? 40 : 26; // a seat
const HITTABLE_PX = COARSE ? 24 : 15; // below that a tap zooms in instead of picking
const MAX_PX = 64;
const ZOOM_STEP = 1.5;
const FLIGHT_MS = 240;
const MARGIN_SHARE = 0.3; // of the view, around a house that is larger: nothing stays below the minimap
const RATIO_MAX = 2; // more pixels cost more than they show

/** The map of one house in an element. */
export class HouseMap {
  inside = ""; // the section that is open
  /** @type {House | null} */ #house = null;
  /** @type {Camera} */ #camera = { x: 0, y: 0, scale: 1 };
  /** @type {Map<string, SectionLooks>} */ #looks = new Map();
  /** @type {Map<number, number>} */ #prices = new Map();
  /** @type {Set<string>} */ #ringed = new Set();
  #size = { width: 0, height: 0 };
  #tappable = false;
  #touched = false; // by hand: then the camera stays
  #frame = 0;
  #flight = 0;
  #namesWidth = 0;
  #canvas = document.createElement("canvas");
  #box;
  #listener;
  #palette;
  #gestures;
  /** @type {SeatSprites} */ #sprites;

  /** @param {HTMLElement} box @param {Listener} listener */
  constructor(box, listener) {
    this.#box = box;
    this.#listener = listener;
    this.#canvas.setAttribute("aria-hidden", "true");
    box.prepend(this.#canvas);
    this.#palette = paletteOf(box);
    this.#sprites = new SeatSprites(8, this.#palette);
    this.#gestures = new Gestures(box, {
      onTap: (point) => this.#tap(point),
      onDoubleTap: (point) => this.#doubleTap(point),
      onDrag: (dx, dy) => this.#moveTo(cameras.moved(this.#camera, dx, dy)),
      onZoom: (factor, point) => this.#zoomBy(factor, point),
      onHover: (point) => this.#hover(point),
    });
    onColoursChanged(() => {
      this.#palette = paletteOf(box);
      this.draw();
    });
    new ResizeObserver(() => this.#fitBox()).observe(box);
  }

  /** Show a house, and be in a section of it, or in none. @param {House} house @param {string} inside */
  show(house, inside) {
    this.#house = house;
    this.#prices = priceNumbers(house.placed.map(({ section }) => section));
    const seated = house.placed.filter(({ plan }) => plan.list.length);
    this.#looks = new Map(
      seated.map(({ section, plan }) => [section.id, new SectionLooks(plan, this.#listener.appearanceOf)]),
    );
    this.inside = inside;
    this.#touched = false;
    this.#fitBox();
  }

  /** Redraw these seats. @param {Iterable<string>} seats */
  update(seats) {
    for (const looks of this.#looks.values()) looks.update(seats);
    this.draw();
  }

  /** Redraw every seat. */
  updateAll() {
    for (const looks of this.#looks.values()) looks.updateAll();
    this.draw();
  }

  /** Draw rings around seats of the open section. @param {string[]} seats */
  ring(seats) {
    if (seats.length === 0 && this.#ringed.size === 0) return;
    this.#ringed = new Set(seats);
    this.draw();
  }

  /** Set whether seats must be large enough to tap. @param {boolean} may */
  setTappable(may) {
    this.#box.classList.toggle("choosable", may);
    if (this.#tappable === may) return;
    this.#tappable = may;
    if (!this.#touched) this.#fitBox();
  }

  /** Go into a section; "" leads out to the whole house. Of standing places there is no inside. @param {string} section */
  enter(section) {
    const isSeated = Boolean(this.#looks.get(section));
    this.#open(isSeated ? section : "");
    if (!isSeated && section) this.#listener.onEnter(section);
    this.#flyTo(this.#home());
  }

  /** Show the whole house. */
  showAll() {
    const house = /** @type {House} */ (this.#house);
    if (house.placed.length > 1) return this.enter("");
    this.#flyTo(this.#bounded(cameras.fitted(house.box, this.#size)));
  }

  /** Zoom by steps around the middle: 1 enlarges by half, -1 goes back. @param {number} steps */
  zoom(steps) {
    const { width, height } = this.#size;
    const middle = { x: width / 2, y: height / 2 };
    const scale = this.#camera.scale * ZOOM_STEP ** steps;
    this.#flyTo(this.#bounded(cameras.zoomed(this.#camera, this.#size, scale, middle)));
  }

  /** Bring a seat, or the middle of a section, into view. @param {string} section @param {string} [seat] */
  reveal(section, seat = "") {
    const placed = this.#house?.byId.get(section);
    const found = placed?.plan.seats.get(seat);
    if (!placed) return;
    const place = found ? toHouse(placed, found.x, found.y) : middleOf(placed.bounds);
    const { x, y } = this.#pointAt(place);
    const edge = found ? Math.min(60, this.#size.width / 4) : 0;
    const scale = found ? Math.max(this.#camera.scale, TAPPABLE_PX) : this.#camera.scale;
    const house = /** @type {House} */ (this.#house);
    const isHidden = this.#isPartial(house) && placeOnMinimap(house, this.#size, { x, y });
    const isIn = !isHidden && x > edge && y > edge / 2 && x < this.#size.width - edge && y < this.#size.height - edge / 2;
    if (isIn && (!found || this.#camera.scale >= HITTABLE_PX)) return;
    this.#touched = true;
    this.#moveTo(this.#bounded({ ...place, scale }));
  }

  /** Return the box of a seat, or else of a section, in pixels of the view. @param {string} section @param {string} [seat] */
  boxOf(section, seat = "") {
    const placed = this.#house?.byId.get(section);
    if (!placed) return { left: 0, top: 0, width: 0, height: 0 };
    const found = placed.plan.seats.get(seat);
    const { bounds } = placed;
    const place = found ? toHouse(placed, found.x, found.y) : middleOf(bounds);
    const [wide, high] = found ? [1, 1] : [bounds.width, bounds.height];
    const { x, y } = this.#pointAt(place);
    const [width, height] = [wide * this.#camera.scale, high * this.#camera.scale];
    return { left: x - width / 2, top: y - height / 2, width, height };
  }

  /** Return the looks of a section's seats. @param {string} section */
  looksOf(section) {
    return this.#looks.get(section);
  }

  /** Draw in the next frame. */
  draw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const house = this.#house;
    const context = this.#canvas.getContext("2d");
    const ratio = Math.min(RATIO_MAX, devicePixelRatio);
    if (!house || !context || !this.#size.width) return;
    const [camera, size, palette] = [this.#camera, this.#size, this.#palette];
    if (!this.#sprites.fit(camera.scale * ratio, palette))
      this.#sprites = new SeatSprites(camera.scale * ratio, palette);
    const scene = { context, camera, size, ratio, palette, sprites: this.#sprites };
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    painter.drawStage(scene, house.stage, this.#listener.stage);
    const view = cameras.seen(camera, size);
    this.#namesWidth = 0;
    for (const placed of house.placed)
      if (overlap(placed.bounds, view)) this.#drawSection(scene, placed);
    if (this.#isPartial(house)) drawMinimap(scene, house, (placed) => this.#priceOf(placed));
  }

  /** @param {painter.Scene} scene @param {Placed} placed */
  #drawSection(scene, placed) {
    const { id } = placed.section;
    const looks = this.#looks.get(id);
    const price = this.#priceOf(placed);
    const near = scene.camera.scale >= painter.SEATS_PX;
    const block = this.#listener.blockOf(id);
    if (!looks || (!near && this.inside !== id)) return painter.drawBlock(scene, placed, { ...block, price });
    if (!near) return painter.drawBands(scene, placed, looks, price);
    scene.context.globalAlpha = block.dimmed ? 0.3 : 1;
    painter.drawSeats(scene, placed, looks, price);
    scene.context.globalAlpha = 1;
    const ringed = [...this.#ringed].flatMap((seat) => placed.plan.seats.get(seat) ?? []);
    if (ringed.length) painter.drawRings(scene, placed, ringed);
    this.#namesWidth = Math.max(this.#namesWidth, painter.drawRowNames(scene, placed));
  }

  /** @param {Placed} placed */
  #priceOf({ section }) {
    return this.#prices.get(section.price.amount) ?? 0;
  }

  /** Return whether a part of the house is out of view. @param {House} house */
  #isPartial({ box, placed }) {
    const { width, height } = cameras.seen(this.#camera, this.#size);
    return (placed.length > 1 || width < box.width / 2) && (width < box.width * 0.8 || height < box.height * 0.8);
  }

  #fitBox() {
    if (!this.#house) return;
    const width = this.#box.clientWidth;
    if (!width) return;
    this.#size = { width, height: this.#heightFor(width) };
    const ratio = Math.min(RATIO_MAX, devicePixelRatio);
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(this.#size.height * ratio);
    this.#canvas.style.height = `${this.#size.height}px`;
    this.#moveTo(this.#touched ? this.#bounded(this.#camera) : this.#home());
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#draw(); // a canvas of a new size is empty until then
  }

  /** Return the height of the view: what the house needs, up to what the style sheet allows. @param {number} width */
  #heightFor(width) {
    const most = Number.parseFloat(getComputedStyle(this.#box).maxHeight) || 480;
    const box = this.#boxInside();
    const needed = box.height * this.#scaleFor(box, { width, height: Infinity });
    return Math.round(Math.min(most, Math.max(220, needed)));
  }

  /** Return the camera that shows the open section, or the whole house. @returns {Camera} */
  #home() {
    const box = this.#boxInside();
    const scale = this.#scaleFor(box, this.#size);
    const { x } = middleOf(box);
    return this.#bounded({ x, y: box.top + this.#size.height / scale / 2, scale });
  }

  #boxInside() {
    const house = /** @type {House} */ (this.#house);
    const placed = house.byId.get(this.inside);
    if (!placed) return house.box;
    const { bounds } = placed;
    const above = bounds.top - house.box.top < 6 ? bounds.top - house.box.top : 0.5;
    return { ...bounds, top: bounds.top - above, height: bounds.height + above + 0.25 };
  }

  /**
   * Return the scale for a box: all of it, unless its seats could almost be tapped.
   * @param {import("./geometry.js").Box} box @param {import("./camera.js").Size} size
   */
  #scaleFor(box, size) {
    const fit = cameras.fitted(box, size).scale;
    const wide = size.width / box.width;
    if (!this.inside) return Math.min(fit, TAPPABLE_PX);
    if (!this.#tappable) return Math.min(TAPPABLE_PX * 1.25, Math.max(fit, Math.min(wide, painter.SEATS_PX)));
    return wide < TAPPABLE_PX * 0.4 ? fit : Math.min(Math.max(wide, TAPPABLE_PX), TAPPABLE_PX * 1.25);
  }

  /** @param {Camera} camera */
  #bounded(camera) {
    const house = /** @type {House} */ (this.#house);
    const least = Math.min(TAPPABLE_PX, cameras.fitted(house.box, this.#size).scale);
    const { width, height } = this.#size;
    const margin = camera.scale > 1.2 * least ? (Math.min(width, height) * MARGIN_SHARE) / camera.scale : 0;
    return cameras.bounded(camera, this.#size, grown(house.box, margin), [least, MAX_PX]);
  }

  /** @param {Camera} camera */
  #moveTo(camera) {
    cancelAnimationFrame(this.#flight);
    this.#camera = this.#bounded(camera);
    this.#shown();
  }

  #shown() {
    const house = /** @type {House} */ (this.#house);
    const isWhole = this.#size.height / this.#camera.scale >= house.box.height * 0.98;
    this.#box.classList.toggle("whole", isWhole);
    this.draw();
    this.#listener.onMove();
  }

  /** @param {Camera} to */
  #flyTo(to) {
    cancelAnimationFrame(this.#flight);
    this.#gestures.stop();
    this.#touched = true;
    const [from, start] = [this.#camera, performance.now()];
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.#moveTo(to);
    const step = (/** @type {number} */ now) => {
      const share = Math.min(1, Math.max(0, (now - start) / FLIGHT_MS));
      this.#camera = share < 1 ? cameras.between(from, to, 1 - (1 - share) ** 3) : to;
      this.#shown();
      if (share < 1) this.#flight = requestAnimationFrame(step);
    };
    this.#flight = requestAnimationFrame(step);
  }

  /** @param {number} factor @param {{x: number, y: number}} point @returns {boolean} whether the scale has changed */
  #zoomBy(factor, point) {
    const before = this.#camera.scale;
    this.#touched = true;
    const scale = Math.min(MAX_PX, before * factor);
    this.#moveTo(cameras.zoomed(this.#camera, this.#size, scale, point));
    this.#openWhatIsNear();
    return Math.abs(this.#camera.scale - before) > before * 0.001;
  }

  /** Open the section in the middle once its seats are near; leave it when it is far. */
  #openWhatIsNear() {
    const house = /** @type {House} */ (this.#house);
    const placed = house.byId.get(this.inside);
    if (placed && house.placed.length > 1) {
      const { scale } = cameras.fitted(placed.bounds, this.#size);
      if (this.#camera.scale < Math.min(scale, painter.SEATS_PX) * 0.7) this.#open("");
    }
    if (this.inside || this.#camera.scale < painter.SEATS_PX) return;
    const near = sectionAt(house, this.#camera.x, this.#camera.y);
    if (near) this.#open(near.section.id);
  }

  /** @param {string} section */
  #open(section) {
    if (this.inside === section) return;
    this.inside = section;
    this.#listener.onEnter(section);
    this.draw();
  }

  /** @param {{x: number, y: number}} point */
  #tap(point) {
    const house = /** @type {House} */ (this.#house);
    const place = this.#isPartial(house) && placeOnMinimap(house, this.#size, point);
    if (place) return this.#flyTo(this.#bounded({ ...place, scale: this.#camera.scale }));
    const placed = this.#sectionAt(point);
    if (!placed) return;
    const { id } = placed.section;
    if (this.inside !== id && this.#camera.scale < HITTABLE_PX) return this.enter(id);
    if (this.#camera.scale < HITTABLE_PX && placed.plan.list.length)
      return this.#flyTo(this.#bounded(cameras.zoomed(this.#camera, this.#size, TAPPABLE_PX, point)));
    const seat = this.#seatAt(point);
    if (this.inside !== id) this.#open(id);
    if (seat) this.#listener.onPick(seat);
  }

  /** Zoom in, where a tap is no choice of a seat. @param {{x: number, y: number}} point */
  #doubleTap(point) {
    if (this.#seatAt(point) && this.#camera.scale >= HITTABLE_PX) return false;
    const scale = this.#camera.scale * 2;
    this.#flyTo(this.#bounded(cameras.zoomed(this.#camera, this.#size, scale, point)));
    return true;
  }

  /** @param {{x: number, y: number} | null} point */
  #hover(point) {
    const seat = point && this.#camera.scale >= HITTABLE_PX ? this.#seatAt(point) : "";
    this.#box.classList.toggle("on-seat", Boolean(seat));
    this.#listener.onPoint(seat || "");
  }

  /** @param {{x: number, y: number}} point */
  #sectionAt(point) {
    const place = cameras.toPlace(this.#camera, this.#size, point);
    return sectionAt(/** @type {House} */ (this.#house), place.x, place.y);
  }

  /** Return the seat at a point of the view, or "". @param {{x: number, y: number}} point */
  #seatAt(point) {
    const placed = this.#sectionAt(point);
    if (!placed || point.x < this.#namesWidth) return "";
    const { x, y } = cameras.toPlace(this.#camera, this.#size, point);
    const inPlane = toSection(placed, x, y);
    return seatAt(placed.plan, inPlane.x, inPlane.y)?.id ?? "";
  }

  /** @param {{x: number, y: number}} place */
  #pointAt(place) {
    return cameras.toPoint(this.#camera, this.#size, place);
  }
}
