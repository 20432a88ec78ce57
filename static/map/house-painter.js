// The painter of a house: stage and sections, each as near as the camera is.

import { grown, overlap } from "../plan/house-plan.js";
import { sectionOf } from "../seats/seat-inventory.js";
import { drawLabel } from "./section-label.js";
import * as painter from "./section-painter.js";

/**
 * @typedef {import("../plan/house-plan.js").Placed} Placed
 * @typedef {{lines: string[], share: number, dimmed: boolean, chosen: boolean}} Block
 *
 * @typedef {object} Shown
 * @property {import("../plan/house-plan.js").House} house
 * @property {Map<string, import("./section-looks.js").SectionLooks>} looks
 * @property {Map<number, number>} prices the number of each amount
 * @property {string} inside the section that is open
 * @property {Set<string>} ringed seats
 * @property {Set<string>} dimmed sections that are drawn so
 * @property {(section: string) => Block} blockOf
 * @property {string} stage the word on it
 */

const DIMMED = 0.3; // of what a filter leaves out
const PATCH_MAX = 100; // seats: more are drawn sooner with all others

/** Draw what is seen of a house. @param {painter.Scene} scene @param {Shown} shown */
export function drawHouse(scene, shown) {
  const { house, stage, blockOf } = shown;
  const view = grown(scene.view, 1);
  const seen = house.placed
    .filter(({ bounds }) => overlap(bounds, view))
    .map((placed) => ({ placed, block: blockOf(placed.section.id) }))
    .sort((a, b) => Number(a.block.chosen) - Number(b.block.chosen)); // no neighbour covers its edge
  for (const { placed, block } of seen) drawSection(scene, placed, block, shown);
  for (const box of house.stages) painter.drawStage(scene, box, stage);
  for (const { placed, block } of seen) nameSection(scene, placed, block, shown);
}

/**
 * Draw some seats anew, and nothing else. Return whether that is enough: not where sections are far,
 * or dimmed in another way than they are drawn.
 * @param {painter.Scene} scene @param {Shown} shown @param {string[]} seats
 */
export function patchSeats(scene, shown, seats) {
  const ids = new Set(seats.map(sectionOf));
  const isSame = (/** @type {string} */ id) => shown.blockOf(id).dimmed === shown.dimmed.has(id);
  const isNear = scene.camera.scale >= painter.SEATS_PX;
  if (!isNear || seats.length === 0 || seats.length > PATCH_MAX || ![...ids].every(isSame)) return false;
  for (const id of ids) patchSection(scene, shown, id, seats);
  return true;
}

/**
 * Return, as text, what is shown of sections beside their seats: where those are near, only whether
 * they are dimmed.
 * @param {Shown} shown @param {number} scale
 */
export function shownBesideSeats({ house, looks, blockOf }, scale) {
  const isNear = scale >= painter.SEATS_PX;
  return JSON.stringify(
    house.placed.map(({ section: { id } }) => (isNear && looks.has(id) ? blockOf(id).dimmed : blockOf(id))),
  );
}

/** @param {painter.Scene} scene @param {Shown} shown @param {string} id @param {string[]} seats */
function patchSection(scene, { house, looks, prices, ringed, dimmed }, id, seats) {
  const [placed, own] = [house.byId.get(id), looks.get(id)];
  if (!placed || !own) return;
  const found = seats.flatMap((seat) => placed.plan.seats.get(seat) ?? []);
  const price = prices.get(placed.section.price.amount) ?? 1;
  scene.context.globalAlpha = dimmed.has(id) ? DIMMED : 1;
  painter.drawSeatsAnew(scene, placed, { looks: own, price, seats: found });
  scene.context.globalAlpha = 1;
  const rings = found.filter((seat) => ringed.has(seat.id));
  if (rings.length) painter.drawRings(scene, placed, rings);
}

/** @param {painter.Scene} scene @param {Placed} placed @param {Block} block @param {Shown} shown */
function drawSection(scene, placed, block, { looks, prices, inside, ringed, dimmed }) {
  const { id, price } = placed.section;
  const own = looks.get(id);
  const number = prices.get(price.amount) ?? 1;
  const isNear = scene.camera.scale >= painter.SEATS_PX;
  if (!own || (!isNear && inside !== id))
    return painter.drawBlock(scene, placed, { ...block, price: number });
  if (!isNear) return painter.drawBands(scene, placed, own, number);
  dimmed[block.dimmed ? "add" : "delete"](id);
  scene.context.globalAlpha = block.dimmed ? DIMMED : 1;
  painter.drawSeats(scene, placed, own, number);
  scene.context.globalAlpha = 1;
  const rings = [...ringed].flatMap((seat) => placed.plan.seats.get(seat) ?? []);
  if (rings.length) painter.drawRings(scene, placed, rings);
}

/** Write names over all that is drawn: no section may cover its neighbour's. @param {painter.Scene} scene @param {Placed} placed @param {Block} block @param {Shown} shown */
function nameSection(scene, placed, { lines, dimmed }, { house, looks, inside }) {
  const { id } = placed.section;
  const isNear = scene.camera.scale >= painter.SEATS_PX;
  if (!looks.has(id) || (!isNear && inside !== id)) {
    scene.context.globalAlpha = dimmed ? 0.5 : 1;
    drawLabel(scene, placed, lines);
    scene.context.globalAlpha = 1;
    return;
  }
  if (isNear) painter.drawRowNames(scene, placed);
  if (house.placed.length > 1) painter.drawName(scene, placed, lines[0] ?? "");
}
