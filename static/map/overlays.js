// The overlays of a map: names of rows at its edge, and in a corner the whole house as a minimap.

import { fitted, seen, toPlace, toPoint } from "../plan/camera.js";
import { outlineOf } from "../plan/geometry.js";
import { contains, toHouse } from "../plan/house-plan.js";
import { setFont } from "./section-label.js";

/**
 * @typedef {import("../plan/house-plan.js").House} House
 * @typedef {import("../plan/house-plan.js").Placed} Placed
 */

const STRIP_PX = 26;
const SHARE = 0.24; // of the view's width
const MOST_PX = 150;
const MARGIN_PX = 8;
/** @type {WeakMap<Placed, {x: number, y: number}[]>} */
const corners = new WeakMap();

/**
 * Return the strip at the edge of the view for the names of rows that begin beyond it; else null.
 * What is below it cannot be seen, so it cannot be tapped.
 * @param {import("../plan/house-plan.js").Placed | undefined} placed @param {import("../plan/camera.js").Camera} camera
 * @param {import("../plan/camera.js").Size} size
 */
export function stripOf(placed, camera, size) {
  if (!placed || placed.sin !== 0 || placed.plan.curve || !placed.plan.list.length) return null;
  const { bounds } = placed;
  const start = toPoint(camera, size, { x: bounds.left, y: bounds.top });
  const end = toPoint(camera, size, { x: bounds.left + bounds.width, y: bounds.top + bounds.height });
  const [top, bottom] = [Math.max(0, start.y), Math.min(size.height, end.y)];
  if (start.x > -STRIP_PX / 2 || end.x < 2 * STRIP_PX || bottom <= top) return null;
  return { left: 0, top, width: STRIP_PX, height: bottom - top };
}

/**
 * Draw the names of rows on their strip.
 * @param {import("./section-painter.js").Scene} scene @param {import("../plan/house-plan.js").Placed} placed
 * @param {import("../plan/geometry.js").Box} strip
 */
export function drawStrip({ context, camera, size, ratio, palette }, placed, strip) {
  context.setTransform(ratio, 0, 0, ratio, 0, -strip.top * ratio);
  context.fillStyle = palette.paper;
  context.fillRect(0, strip.top, strip.width, strip.height);
  setFont(context, Math.min(14, Math.max(9, camera.scale * 0.42)), 600);
  context.fillStyle = palette.soft;
  for (const { name, seats } of placed.plan.rows) {
    const first = seats[0];
    if (!first) continue;
    const { y } = toPoint(camera, size, toHouse(placed, first.x, first.y));
    if (y > strip.top - 9 && y < strip.top + strip.height + 9) context.fillText(name, STRIP_PX / 2, y, STRIP_PX - 2);
  }
}

/**
 * Draw the minimap.
 * @param {import("./section-painter.js").Scene} scene @param {House} house
 * @param {Map<number, number>} prices the number of each amount
 */
export function drawMinimap({ context, camera, size, ratio, palette }, house, prices) {
  const frame = minimapBox(house, size);
  const inner = { width: frame.width, height: frame.height };
  const view = fitted(house.box, inner);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, frame.width, frame.height);
  context.fillStyle = palette.card;
  context.strokeStyle = palette.rule;
  context.lineWidth = 1;
  context.setLineDash([]);
  context.beginPath();
  context.roundRect(0, 0, frame.width, frame.height, 4);
  context.fill();
  context.stroke();
  context.globalAlpha = 0.5;
  for (const placed of house.placed) {
    context.fillStyle = palette[`price-${prices.get(placed.section.price.amount)}`];
    context.beginPath();
    for (const corner of cornersOf(placed)) {
      const { x, y } = toPoint(view, inner, corner);
      context.lineTo(x, y);
    }
    context.fill();
  }
  context.globalAlpha = 1;
  const { left, top, width, height } = seen(camera, size);
  const start = toPoint(view, inner, { x: left, y: top });
  const [x, y] = [Math.max(1, start.x), Math.max(1, start.y)];
  context.strokeStyle = palette.ink;
  context.lineWidth = 1.5;
  context.strokeRect(
    x,
    y,
    Math.min(frame.width - 1, start.x + width * view.scale) - x,
    Math.min(frame.height - 1, start.y + height * view.scale) - y,
  );
}

/** Return the corners of a section in the house, found but once. @param {Placed} placed */
function cornersOf(placed) {
  const before = corners.get(placed);
  if (before) return before;
  const { plan, box } = placed;
  const outline = outlineOf(plan.curve ? plan : { straight: box, curve: 0 });
  const found = outline.map(({ x, y }) => toHouse(placed, x, y));
  corners.set(placed, found);
  return found;
}

/**
 * Return the place of the house at a point of the view that lies on the minimap; null elsewhere.
 * @param {House} house @param {import("../plan/camera.js").Size} size @param {{x: number, y: number}} point
 */
export function placeOnMinimap(house, size, point) {
  const frame = minimapBox(house, size);
  if (!contains(frame, point)) return null;
  const inner = { width: frame.width, height: frame.height };
  return toPlace(fitted(house.box, inner), inner, { x: point.x - frame.left, y: point.y - frame.top });
}

/** Return the box of the minimap in the view. @param {House} house @param {import("../plan/camera.js").Size} size */
export function minimapBox({ box }, size) {
  const most = Math.min(MOST_PX, size.width * SHARE);
  const scale = most / Math.max(box.width, box.height);
  const [width, height] = [Math.max(24, box.width * scale), Math.max(24, box.height * scale)];
  return { left: size.width - width - MARGIN_PX, top: size.height - height - MARGIN_PX, width, height };
}
