// The painter of a section: one block when far, rows as bands when nearer, seats when near.

import { toPoint } from "../plan/camera.js";
import { bend, firstFrom, outlineOf } from "../plan/geometry.js";
import { contains, grown, toHouse, toSection, union } from "../plan/house-plan.js";
import { KIND_SIGNS } from "../seats/legend.js";
import { fillWithHalo, setFont, shortened } from "./section-label.js";
import { LOOKS } from "./section-looks.js";

/**
 * @typedef {import("../plan/house-plan.js").Placed} Placed
 * @typedef {import("./section-looks.js").SectionLooks} SectionLooks
 * @typedef {import("../plan/geometry.js").Seat} Seat
 * @typedef {object} Scene what is drawn, and from where
 * @property {CanvasRenderingContext2D} context
 * @property {import("../plan/camera.js").Camera} camera
 * @property {import("../plan/camera.js").Size} size
 * @property {import("../plan/geometry.js").Box} view the part of the house that is wanted
 * @property {number} ratio pixels of the canvas for one of the page
 * @property {import("../ui/palette.js").Palette} palette
 * @property {import("./seat-sprites.js").SeatSprites} sprites
 * @property {boolean} isRough whether it is soon drawn again, and may lack numbers till then
 * @typedef {Pick<Scene, "context" | "camera" | "size" | "ratio" | "palette">} Labelled what texts need of a scene
 */

export const SEATS_PX = 11; // from that scale on there are seats, before that bands
const NUMBERS_PX = 24;
const BAND_SEATS = 8; // in one piece of a row
const SHADES = 4;
const WITH_NUMBER = new Set(["free", "held", "unknown"].map((look) => LOOKS.indexOf(/** @type {any} */ (look))));
const KINDS = new Map(Object.entries(KIND_SIGNS).map(([kind, path]) => [kind, new Path2D(path)]));

/**
 * Draw a section as one block, shaded by what is free.
 * @param {Scene} scene @param {Placed} placed
 * @param {{price: number, share: number, dimmed: boolean, chosen: boolean}} block
 */
export function drawBlock(scene, placed, { price, share, dimmed, chosen }) {
  const { context, palette, camera } = scene;
  intoSection(scene, placed, camera.scale * scene.ratio);
  const colour = dimmed || share === 0 ? palette.sold : palette[`price-${price}`];
  traceBlock(scene, placed);
  context.fillStyle = palette.card;
  context.fill();
  context.globalAlpha = dimmed ? 0.06 : 0.1 + 0.35 * share;
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = dimmed ? 0.4 : 1;
  context.lineWidth = (chosen ? 4 : 1.5) / camera.scale;
  context.strokeStyle = colour;
  context.stroke();
  context.globalAlpha = 1;
}

/** Trace the outline of a block: a box, or what rows that bend take up. @param {Scene} scene @param {Placed} placed */
function traceBlock({ context, camera }, { box, plan }) {
  context.beginPath();
  if (plan.curve) {
    for (const { x, y } of outlineOf(plan)) context.lineTo(x, y);
    return context.closePath();
  }
  const { left, top, width, height } = grown(box, -0.25);
  context.roundRect(left, top, width, height, Math.min(1, 8 / camera.scale));
}

/**
 * Draw the rows of a section as bands, each piece shaded by its free share.
 * @param {Scene} scene @param {Placed} placed @param {SectionLooks} looks @param {number} price
 */
export function drawBands(scene, placed, looks, price) {
  const { context, palette, camera } = scene;
  const { plan } = placed;
  intoSection(scene, placed, camera.scale * scene.ratio);
  const pieces = piecesByShade(plan, looks);
  const high = camera.scale < 4 ? 1 : 0.72; // thin gaps would only shimmer
  context.lineWidth = high;
  context.lineCap = "butt";
  pieces.forEach((shade, at) => {
    context.globalAlpha = at === 0 ? 0.3 : 0.25 + (0.75 * at) / SHADES;
    context.fillStyle = context.strokeStyle = at === 0 ? palette.sold : palette[`price-${price}`];
    if (plan.curve) strokePieces(context, shade);
    else for (const [a, b] of shade) context.fillRect(a.x - 0.5, a.y - high / 2, b.x - a.x + 1, high);
  });
  context.globalAlpha = 1;
}

/**
 * Draw the seats of a section that are seen.
 * @param {Scene} scene @param {Placed} placed @param {SectionLooks} looks @param {number} price
 */
export function drawSeats(scene, placed, looks, price) {
  paintSeats(scene, placed, { looks, price, seats: seatsSeen(scene, placed), isAnew: false });
}

/**
 * Draw some seats of a section in the place of what is drawn there.
 * @param {Scene} scene @param {Placed} placed
 * @param {{looks: SectionLooks, price: number, seats: Seat[]}} what
 */
export function drawSeatsAnew(scene, placed, what) {
  paintSeats(scene, placed, { ...what, isAnew: true });
}

/** @param {Scene} scene @param {Placed} placed @param {{looks: SectionLooks, price: number, seats: Seat[], isAnew: boolean}} what */
function paintSeats(scene, placed, { looks, price, seats, isAnew }) {
  const { context, palette, camera, ratio, sprites } = scene;
  const pixels = camera.scale * ratio;
  const { cos, sin } = placed;
  const straight = sin === 0;
  const origin = intoSection(scene, placed, 1);
  for (const { index, x, y } of seats) {
    const left = straight ? onPixel(x * pixels, origin.x) : x * pixels;
    const top = straight ? onPixel(y * pixels, origin.y) : y * pixels;
    if (isAnew) sprites.clear(context, left, top);
    sprites.draw(context, price, looks.at(index), left, top);
  }
  if (scene.isRough) return;
  drawKinds(scene, placed, seats);
  if (camera.scale < NUMBERS_PX) return;
  context.setTransform(1, 0, 0, 1, origin.x, origin.y); // upright: 6 and 9 are told apart in a section that is turned
  setFont(context, Math.min(13, camera.scale * 0.36) * ratio, 500);
  context.fillStyle = palette.ink;
  for (const { index, number, x, y } of seats)
    if (WITH_NUMBER.has(looks.at(index)))
      context.fillText(String(number), (x * cos - y * sin) * pixels, (x * sin + y * cos) * pixels + ratio * 0.5);
}

/** Draw the signs of seats that are not standard ones. @param {Scene} scene @param {Placed} placed @param {Seat[]} seats */
function drawKinds(scene, placed, seats) {
  const { context, palette, camera, ratio } = scene;
  const special = seats.filter(({ kind }) => KINDS.has(kind));
  if (!special.length) return;
  intoSection(scene, placed, camera.scale * ratio);
  context.fillStyle = palette.ink;
  for (const { kind, x, y } of special) {
    context.translate(x, y);
    context.fill(/** @type {Path2D} */ (KINDS.get(kind)));
    context.translate(-x, -y);
  }
}

/** Draw a ring around seats. @param {Scene} scene @param {Placed} placed @param {Seat[]} seats */
export function drawRings(scene, placed, seats) {
  const { context, palette } = scene;
  intoSection(scene, placed, scene.camera.scale * scene.ratio);
  context.strokeStyle = palette.accent;
  context.lineWidth = 0.12;
  context.setLineDash([]);
  context.beginPath();
  for (const { x, y } of seats) context.roundRect(x - 0.43, y - 0.43, 0.86, 0.86, 0.22);
  context.stroke();
}

/** Draw the names of rows at both of their ends. @param {Labelled} scene @param {Placed} placed */
export function drawRowNames({ context, camera, size, ratio, palette }, placed) {
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  setFont(context, Math.min(14, Math.max(9, camera.scale * 0.42)), 600);
  context.fillStyle = palette.soft;
  for (const { name, seats } of placed.plan.rows) {
    for (const [seat, away] of /** @type {[Seat | undefined, number][]} */ ([[seats[0], -1.1], [seats.at(-1), 1.1]])) {
      if (!seat) continue;
      const { x, y } = toPoint(camera, size, toHouse(placed, seat.x + away, seat.y));
      if (y > -20 && y < size.height + 20) context.fillText(name, x, y);
    }
  }
}

/** Draw the name of a section above the middle of its front row. @param {Labelled} scene @param {Placed} placed @param {string} name */
export function drawName({ context, camera, size, ratio, palette }, placed, name) {
  const { plan } = placed;
  const { left, top, width } = plan.curve ? plan.straight : placed.box;
  const above = bend(left + width / 2, top - 0.35, plan.curve);
  const { x, y } = toPoint(camera, size, toHouse(placed, above.x, above.y));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  setFont(context, Math.min(15, Math.max(11, camera.scale * 0.6)), 650);
  // A section that is turned has seats beside its name.
  fillWithHalo(context, palette, shortened(context, name, (width + 1) * camera.scale), { x, y });
}

/** Draw a stage: rounded among sections, else wide in front of them. @param {Labelled} scene @param {import("../plan/house-plan.js").Stage} box @param {string} text */
export function drawStage({ context, camera, size, ratio, palette }, box, text) {
  const { x, y } = toPoint(camera, size, { x: box.left, y: box.top });
  const [width, height] = [box.width * camera.scale, box.height * camera.scale];
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.beginPath();
  if (box.isAmong) context.ellipse(x + width / 2, y + height / 2, width / 2, height / 2, 0, 0, 7);
  else {
    context.moveTo(x, y);
    context.lineTo(x + width, y);
    context.lineTo(x + width * 0.96, y + height * 0.75);
    context.quadraticCurveTo(x + width / 2, y + height * 1.15, x + width * 0.04, y + height * 0.75);
    context.closePath();
  }
  context.fillStyle = palette.stage;
  context.fill();
  context.lineWidth = 1;
  context.setLineDash([]);
  context.strokeStyle = palette.rule; // seen where the stage has the colour of the paper
  context.stroke();
  if (height < 8) return;
  setFont(context, Math.min(16, Math.max(10, height * 0.45)), 600);
  context.fillStyle = palette.ink;
  if (context.measureText(text).width <= width) context.fillText(text, x + width / 2, y + height * 0.5);
}

/**
 * Return the seats whose places are seen.
 * @param {Scene} scene @param {Placed} placed
 */
function seatsSeen({ view }, placed) {
  const corners = [
    [view.left, view.top],
    [view.left + view.width, view.top],
    [view.left, view.top + view.height],
    [view.left + view.width, view.top + view.height],
  ].map(([x, y]) => toSection(placed, x, y));
  const box = grown(union(corners.map(({ x, y }) => ({ left: x, top: y, width: 0, height: 0 }))), 0.6);
  /** @type {Seat[]} */
  const found = [];
  const { rows, curve } = placed.plan;
  const [right, bottom] = [box.left + box.width, box.top + box.height];
  for (const { seats, front, back } of rows) {
    if (!curve && (back < box.top || front > bottom)) continue;
    for (let at = curve ? 0 : firstFrom(seats, box.left); at < seats.length; at += 1) {
      if (contains(box, seats[at])) found.push(seats[at]);
      else if (!curve && seats[at].x > right) break;
    }
  }
  return found;
}

/** @param {import("../plan/geometry.js").Plan} plan @param {SectionLooks} looks */
function piecesByShade({ rows }, looks) {
  /** @type {[Seat, Seat][][]} */
  const pieces = Array.from({ length: SHADES + 1 }, () => []);
  for (const { seats } of rows) {
    for (let from = 0; from < seats.length; from += BAND_SEATS) {
      const last = seats[Math.min(from + BAND_SEATS, seats.length) - 1];
      const share = looks.freeShare(seats[from].index, last.index + 1);
      pieces[Math.ceil(share * SHADES)].push([seats[from], last]);
    }
  }
  return pieces;
}

/** @param {CanvasRenderingContext2D} context @param {[Seat, Seat][]} pieces */
function strokePieces(context, pieces) {
  context.beginPath();
  for (const [a, b] of pieces) {
    const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
    const [dx, dy] = [((b.x - a.x) / length) * 0.5, ((b.y - a.y) / length) * 0.5];
    context.moveTo(a.x - dx, a.y - dy);
    context.lineTo(b.x + dx, b.y + dy);
  }
  context.stroke();
}

/**
 * Turn the canvas into the plane of a section. Return its origin in pixels of the canvas.
 * @param {Scene} scene @param {Placed} placed @param {number} scale pixels of the canvas a unit
 */
function intoSection({ context, camera, size, ratio }, { at, cos, sin }, scale) {
  const point = toPoint(camera, size, { x: at[0], y: at[1] });
  const origin = { x: point.x * ratio, y: point.y * ratio };
  context.setTransform(cos * scale, sin * scale, -sin * scale, cos * scale, origin.x, origin.y);
  return origin;
}

/** Return a length such that it ends on a whole pixel from an origin. @param {number} length @param {number} origin */
function onPixel(length, origin) {
  return Math.round(length + origin) - origin;
}
