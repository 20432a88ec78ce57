// The labels on the operators' map: the stage, the names of sections, and of rows where there is room.

import { fillWithHalo, halvesOf, setFont, shortened } from "../map/section-label.js";
import { drawName, drawRowNames, drawStage } from "../map/section-painter.js";
import { toPoint } from "../plan/camera.js";
import { middleOf } from "../plan/house-plan.js";
import { texts as all } from "../texts/texts.js";

/**
 * @typedef {import("../plan/house-plan.js").House} House
 * @typedef {import("../map/section-painter.js").Labelled} Labelled
 */

const NAME_PX = 8; // a seat: from then on there is room for a name between two sections
const ROWS_PX = 10;
const FONT_PX = 12;

/**
 * Draw the labels of a house that fills the canvas.
 * @param {CanvasRenderingContext2D} context @param {House} house
 * @param {{scale: number, ratio: number, palette: import("../ui/palette.js").Palette}} drawn pixels a seat, and how it is drawn
 */
export function drawLabels(context, house, { scale, ratio, palette }) {
  const size = { width: house.box.width * scale, height: house.box.height * scale };
  const scene = { context, camera: { ...middleOf(house.box), scale }, size, ratio, palette };
  for (const stage of house.stages) drawStage(scene, stage, all.admin.map.stage);
  for (const placed of house.placed) {
    if (scale >= ROWS_PX) drawRowNames(scene, placed);
    if (scale >= NAME_PX) drawName(scene, placed, placed.section.name);
    else drawNameAcross(scene, placed);
  }
}

/** Draw the name of a section across its seats, on two lines where it is too long, with a halo. @param {Labelled} scene @param {import("../plan/house-plan.js").Placed} placed */
function drawNameAcross({ context, camera, size, ratio, palette }, { section, bounds }) {
  const { x, y } = toPoint(camera, size, middleOf(bounds));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  setFont(context, FONT_PX, 650);
  const width = bounds.width * camera.scale;
  const isShort = context.measureText(section.name).width <= width;
  const lines = (isShort ? [section.name] : halvesOf(section.name)).map((line) => shortened(context, line, width));
  lines.forEach((line, at) => {
    fillWithHalo(context, palette, line, { x, y: y + (at - (lines.length - 1) / 2) * FONT_PX });
  });
}
