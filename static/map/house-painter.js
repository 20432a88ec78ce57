// The painter of a house: stage and sections, each as near as the camera is.

import { seen } from "./camera.js";
import { grown, overlap } from "./house-plan.js";
import * as painter from "./section-painter.js";

/**
 * @typedef {import("./house-plan.js").Placed} Placed
 *
 * @typedef {object} Shown
 * @property {import("./house-plan.js").House} house
 * @property {Map<string, import("./section-looks.js").SectionLooks>} looks
 * @property {Map<number, number>} prices the number of each amount
 * @property {string} inside the section that is open
 * @property {Set<string>} ringed seats
 * @property {(section: string) => {lines: string[], share: number, dimmed: boolean, chosen: boolean}} blockOf
 * @property {string} stage the word on it
 */

/** Draw what is seen of a house. @param {painter.Scene} scene @param {Shown} shown */
export function drawHouse(scene, shown) {
  const { house, stage } = shown;
  painter.drawStage(scene, house.stage, stage);
  const view = grown(seen(scene.camera, scene.size), 1);
  for (const placed of house.placed)
    if (overlap(placed.bounds, view)) drawSection(scene, placed, shown);
}

/** @param {painter.Scene} scene @param {Placed} placed @param {Shown} shown */
function drawSection(scene, placed, { house, looks, prices, inside, ringed, blockOf }) {
  const { id, price } = placed.section;
  const own = looks.get(id);
  const number = prices.get(price.amount) ?? 1;
  const isNear = scene.camera.scale >= painter.SEATS_PX;
  const block = blockOf(id);
  if (!own || (!isNear && inside !== id))
    return painter.drawBlock(scene, placed, { ...block, price: number });
  if (!isNear) return painter.drawBands(scene, placed, own, number);
  scene.context.globalAlpha = block.dimmed ? 0.3 : 1;
  painter.drawSeats(scene, placed, own, number);
  scene.context.globalAlpha = 1;
  const rings = [...ringed].flatMap((seat) => placed.plan.seats.get(seat) ?? []);
  if (rings.length) painter.drawRings(scene, placed, rings);
  painter.drawRowNames(scene, placed);
  if (house.placed.length > 1) painter.drawName(scene, placed, block.lines[0] ?? "");
}
