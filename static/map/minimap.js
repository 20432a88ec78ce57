// The minimap: the whole house in a corner, with a frame around what is seen.

import { fitted, seen, toPlace, toPoint } from "./camera.js";
import { contains } from "./house-plan.js";

/** @typedef {import("./house-plan.js").House} House */

const SHARE = 0.24; // of the view's width
const MOST_PX = 150;
const MARGIN_PX = 8;

/**
 * Draw the minimap.
 * @param {import("./section-painter.js").Scene} scene @param {House} house
 * @param {(placed: import("./house-plan.js").Placed) => number} priceOf
 */
export function drawMinimap({ context, camera, size, ratio, palette }, house, priceOf) {
  const frame = frameOf(house, size);
  const inner = { width: frame.width, height: frame.height };
  const view = fitted(house.box, inner);
  context.setTransform(ratio, 0, 0, ratio, frame.left * ratio, frame.top * ratio);
  context.fillStyle = palette.card;
  context.strokeStyle = palette.rule;
  context.lineWidth = 1;
  context.setLineDash([]);
  context.beginPath();
  context.roundRect(0, 0, frame.width, frame.height, 4);
  context.fill();
  context.stroke();
  for (const placed of [...house.placed.map((one) => ({ box: one.bounds, price: priceOf(one) }))]) {
    const { x, y } = toPoint(view, inner, { x: placed.box.left, y: placed.box.top });
    context.fillStyle = palette.prices[placed.price];
    context.globalAlpha = 0.5;
    context.fillRect(x, y, placed.box.width * view.scale, placed.box.height * view.scale);
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

/**
 * Return the place of the house at a point of the view that lies on the minimap; null elsewhere.
 * @param {House} house @param {import("./camera.js").Size} size @param {{x: number, y: number}} point
 */
export function placeOnMinimap(house, size, point) {
  const frame = frameOf(house, size);
  if (!contains(frame, point)) return null;
  const inner = { width: frame.width, height: frame.height };
  return toPlace(fitted(house.box, inner), inner, { x: point.x - frame.left, y: point.y - frame.top });
}

/** @param {House} house @param {import("./camera.js").Size} size */
function frameOf({ box }, size) {
  const most = Math.min(MOST_PX, size.width * SHARE);
  const scale = most / Math.max(box.width, box.height);
  const [width, height] = [Math.max(24, box.width * scale), Math.max(24, box.height * scale)];
  return { left: size.width - width - MARGIN_PX, top: size.height - height - MARGIN_PX, width, height };
}
