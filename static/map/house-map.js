// The map of a house on a canvas: it draws what the camera sees, and finds what was tapped.

import * as cameras from "../plan/camera.js";
import { seatAt } from "../plan/geometry.js";
import { boundsOf, boxInside, contains, grown, middleOf, sectionAt, sectionNear, toSection } from "../plan/house-plan.js";
import { priceNumbers } from "../seats/seat-filters.js";
import { Gestures } from "../ui/gestures.js";
import { onColoursChanged, paletteOf } from "../ui/palette.js";
import { CameraFlight } from "./camera-flight.js";
import { drawHouse, patchSeats, shownBesideSeats } from "./house-painter.js";
import { COLOURS, MapLayers } from "./map-layers.js";
import { drawMinimap, drawStrip, minimapBox, placeOnMinimap, stripOf } from "./overlays.js";
import { SectionLooks } from "./section-looks.js";
import { SEATS_PX } from "./section-painter.js";

/**
 * @typedef {import("../plan/house-plan.js").House} House
 * @typedef {import("./section-painter.js").Scene} Scene
 * @typedef {import("../plan/camera.js").Camera} Camera
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
const NO_BOX = { left: 0, top: 0, width: 0, height: 0 };

/** The map of one house in an element. */
export class HouseMap {
  inside = ""; // the section that is open
  /** @type {House | null} */ #house = null;
  /** @type {Camera} */ #camera = { x: 0, y: 0, scale: 1 };
  /** @type {Map<string, SectionLooks>} */ #looks = new Map();
  /** @type {Map<number, number>} */ #prices = new Map();
  /** @type {Set<string>} */ #ringed = new Set();
  /** @type {Set<string>} */ #dimmed = new Set();
  #sections = ""; // what is drawn of them beside their seats
  #tappable = false;
  #touched = false; // by hand: then the camera stays
  #flight = new CameraFlight();
  #box;
  #listener;
  #layers;
  #gestures;

  /** @param {HTMLElement} box @param {Listener} listener */
  constructor(box, listener) {
    this.#box = box;
    this.#listener = listener;
    this.#layers = new MapLayers(box, paletteOf(box, COLOURS), {
      drawing: (scene) => this.#draw(scene),
      names: (scene) => this.#drawStrip(scene),
      mini: (scene) => this.#drawMinimap(scene),
    });
    this.#gestures = new Gestures(box, {
      onTap: (point) => this.#tap(point),
      onDoubleTap: (point) => this.#doubleTap(point),
      onDrag: (dx, dy) => this.#moveTo(cameras.moved(this.#camera, dx, dy)),
      onZoom: (factor, point) => this.#zoomBy(factor, point),
      onHover: (point) => this.#hover(point),
    });
    onColoursChanged(() => this.#layers.recolour(paletteOf(box, COLOURS)));
    new ResizeObserver(() => this.#fitBox()).observe(box);
  }

  /** Show a house, and be in a section of it, or in none. @param {House} house @param {string} inside */
  show(house, inside) {
    this.#house = house;
    this.#prices = priceNumbers(house.placed.map(({ section }) => section));
    const seated = house.placed.filter(({ plan }) => plan.list.length);
    this.#looks = new Map(
      seated.map(({ section, plan }) => [section.id, new SectionLooks(section.id, plan, this.#listener.appearanceOf)]),
    );
    this.inside = inside;
    this.#touched = false;
    this.#fitBox();
  }

  /** Redraw these seats, and everything where something else of a section has changed. @param {string[]} seats */
  update(seats) {
    for (const looks of this.#looks.values()) looks.update(seats);
    if (!this.#house) return;
    const isSame = this.#sections === shownBesideSeats(this.#shownOf(this.#house), this.#camera.scale);
    if (!isSame) this.draw();
    else if (seats.length) this.#patch(seats);
  }

  /** Redraw every seat. */
  updateAll() {
    for (const looks of this.#looks.values()) looks.updateAll();
    this.draw();
  }

  /** Draw rings around seats of the open section. @param {string[]} seats */
  ring(seats) {
    const before = this.#ringed;
    if (seats.length === 0 && before.size === 0) return;
    this.#ringed = new Set(seats);
    this.#patch([...before, ...seats]);
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

  /** Zoom by steps around the middle, from where an earlier press leads: 1 enlarges by half, -1 goes back. @param {number} steps */
  zoom(steps) {
    const [from, middle] = [this.#flight.end ?? this.#camera, middleOf({ left: 0, top: 0, ...this.#size })];
    const scale = from.scale * ZOOM_STEP ** steps;
    this.#flyTo(this.#bounded(cameras.zoomed(from, this.#size, scale, middle)));
  }

  /** Bring a seat, or the middle of a section, into view. @param {string} section @param {string} [seat] */
  reveal(section, seat = "") {
    const [house, placed] = [this.#house, this.#house?.byId.get(section)];
    if (!placed || !house) return;
    const place = middleOf(boundsOf(placed, seat));
    const point = cameras.toPoint(this.#camera, this.#size, place);
    const { width, height } = this.#size;
    const isHidden = this.#isPartial(house) && placeOnMinimap(house, { width, height }, point);
    const edge = seat ? -Math.min(60, width / 4, height / 8) : 0;
    const isNear = !seat || this.#camera.scale >= HITTABLE_PX;
    if (isNear && !isHidden && contains(grown({ left: 0, top: 0, width, height }, edge), point)) return;
    const scale = seat ? Math.max(this.#camera.scale, TAPPABLE_PX) : this.#camera.scale;
    this.#touched = true;
    this.#moveTo(this.#bounded({ ...place, scale }));
  }

  /** Return the box of a seat, or else of a section, in pixels of the view. @param {string} section @param {string} [seat] */
  boxOf(section, seat = "") {
    const placed = this.#house?.byId.get(section);
    return cameras.toBox(this.#camera, this.#size, placed ? boundsOf(placed, seat) : NO_BOX);
  }

  /** Return the looks of the seats that are shown: of all sections where they are near, or of the one that is open. */
  get looksShown() {
    return [...this.#looks].filter(([id]) => id === this.inside || (!this.inside && this.isNear)).map(([, looks]) => looks);
  }

  /** Return whether seats are drawn one by one. */
  get isNear() {
    return this.#camera.scale >= SEATS_PX;
  }

  draw = () => this.#layers.invalidate();

  get #size() {
    return this.#layers.size;
  }

  /** @param {Scene} scene */
  #draw(scene) {
    if (!this.#house) return;
    const shown = this.#shownOf(this.#house);
    drawHouse(scene, shown);
    this.#sections = shownBesideSeats(shown, scene.camera.scale);
  }

  /** @param {string[]} seats */
  #patch(seats) {
    const shown = this.#house && this.#shownOf(this.#house);
    if (shown) this.#layers.patch((scene) => patchSeats(scene, shown, seats));
  }

  /** @param {House} house @returns {import("./house-painter.js").Shown} */
  #shownOf(house) {
    const { blockOf, stage } = this.#listener;
    const [looks, prices, ringed, dimmed] = [this.#looks, this.#prices, this.#ringed, this.#dimmed];
    return { house, looks, prices, inside: this.inside, ringed, dimmed, blockOf, stage };
  }

  /** @param {Scene} scene */
  #drawStrip(scene) {
    const strip = this.#strip;
    this.#layers.placeOverlay("names", strip);
    const placed = this.#house?.byId.get(this.inside);
    if (strip && placed) drawStrip(scene, placed, strip);
  }

  /** @param {Scene} scene */
  #drawMinimap(scene) {
    const house = this.#house;
    const isShown = house && this.#isPartial(house);
    this.#layers.placeOverlay("mini", isShown ? minimapBox(house, scene.size) : null);
    if (isShown) drawMinimap(scene, house, this.#prices);
  }

  get #strip() {
    if (!this.isNear) return null;
    return stripOf(this.#house?.byId.get(this.inside), this.#camera, this.#size);
  }

  /** @param {House} house */
  #isPartial = ({ box }) => cameras.isPartial(this.#camera, this.#size, box);

  #fitBox() {
    if (!this.#house) return;
    const width = this.#box.clientWidth;
    if (!width) return;
    const height = this.#heightFor(width);
    this.#box.style.height = `${height + this.#box.offsetHeight - this.#box.clientHeight}px`;
    this.#layers.size = { width, height };
    this.#camera = this.#touched ? this.#bounded(this.#camera) : this.#home();
    this.#layers.resize({ width, height }, this.#camera);
    this.#shown();
  }

  /** Return the height of the view: what is shown needs it, up to what the style sheet allows. @param {number} width */
  #heightFor(width) {
    const most = Number.parseFloat(getComputedStyle(this.#box).maxHeight) || 480;
    const box = boxInside(/** @type {House} */ (this.#house), this.inside);
    return cameras.heightFor(box, width, this.#needs, most);
  }

  /** Return the camera that shows the open section, or the whole house. @returns {Camera} */
  #home() {
    const box = boxInside(/** @type {House} */ (this.#house), this.inside);
    const scale = cameras.scaleFor(box, this.#size, this.#needs);
    const { x } = middleOf(box);
    return this.#bounded({ x, y: box.top + this.#size.height / scale / 2, scale });
  }

  get #needs() {
    return { isInside: this.inside !== "", isTappable: this.#tappable, tappable: TAPPABLE_PX, least: SEATS_PX };
  }

  /** @param {Camera} camera */
  #bounded(camera) {
    const { box } = /** @type {House} */ (this.#house);
    return cameras.boundedOver(camera, this.#size, box, [TAPPABLE_PX, MAX_PX]);
  }

  /** @param {Camera} camera */
  #moveTo(camera) {
    this.#flight.stop();
    this.#camera = this.#bounded(camera);
    this.#shown();
  }

  #shown() {
    const { box } = /** @type {House} */ (this.#house);
    this.#box.classList.toggle("whole", this.#size.height / this.#camera.scale >= box.height * 0.98);
    this.#layers.look(this.#camera);
    this.#listener.onMove();
  }

  /** @param {Camera} to */
  #flyTo(to) {
    this.#gestures.stop();
    this.#touched = true;
    this.#flight.start(this.#camera, to, (camera) => {
      this.#camera = camera;
      this.#shown();
    });
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
    const seen = { camera: this.#camera, size: this.#size, near: SEATS_PX };
    this.#open(sectionNear(/** @type {House} */ (this.#house), this.inside, seen));
  }

  /** @param {string} section */
  #open(section) {
    if (this.inside === section) return;
    this.inside = section;
    this.#listener.onEnter(section);
    if (this.isNear) this.#layers.look(this.#camera); // seats look alike in every section
    else this.draw();
  }

  /** @param {{x: number, y: number}} point */
  #tap(point) {
    const house = /** @type {House} */ (this.#house);
    const place = this.#isPartial(house) && placeOnMinimap(house, this.#size, point);
    if (place) return this.#flyTo(this.#bounded({ ...place, scale: this.#camera.scale }));
    const { placed, seat } = this.#find(point);
    if (!placed) return;
    const { id } = placed.section;
    if (this.inside !== id && this.#camera.scale < HITTABLE_PX) return this.enter(id);
    if (this.#camera.scale < HITTABLE_PX && placed.plan.list.length)
      return this.#flyTo(this.#bounded(cameras.zoomed(this.#camera, this.#size, TAPPABLE_PX, point)));
    if (seat) this.#listener.onPick(seat); // first: a finger waits for it
    this.#open(id);
  }

  /** Zoom in, where a tap is no choice of a seat. @param {{x: number, y: number}} point */
  #doubleTap(point) {
    if (this.#find(point).seat && this.#camera.scale >= HITTABLE_PX) return false;
    const scale = this.#camera.scale * 2;
    this.#flyTo(this.#bounded(cameras.zoomed(this.#camera, this.#size, scale, point)));
    return true;
  }

  /** @param {{x: number, y: number} | null} point */
  #hover(point) {
    const seat = point && this.#camera.scale >= HITTABLE_PX ? this.#find(point).seat : "";
    this.#box.classList.toggle("on-seat", Boolean(seat));
    this.#listener.onPoint(seat || "");
  }

  /** Find the section and the seat at a point of the view. @param {{x: number, y: number}} point */
  #find(point) {
    const { x, y } = cameras.toPlace(this.#camera, this.#size, point);
    const placed = sectionAt(/** @type {House} */ (this.#house), x, y);
    const strip = this.#strip;
    if (!placed || (strip && contains(strip, point))) return { placed, seat: "" };
    const inPlane = toSection(placed, x, y);
    return { placed, seat: seatAt(placed.plan, inPlane.x, inPlane.y)?.id ?? "" };
  }
}
