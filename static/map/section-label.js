// The label of a section on the whole house: its name, on two lines where one is too short, and its stock.

import { toPoint } from "../plan/camera.js";
import { bend } from "../plan/geometry.js";
import { toHouse } from "../plan/house-plan.js";

/** @typedef {{text: string, font: number, weight: number}} Line */

const NAME_FONTS = [16, 13, 11, 9]; // pixels, the largest that fits
const [NAME_WEIGHT, STOCK_WEIGHT] = [650, 500];
const LINE_HEIGHT = 1.2; // of its font
const MEASURED_PX = 16;
const HALO_PX = 4;
const WIDTHS_MAX = 5_000;
/** @type {Map<string, number>} by weight and text: widths in a font of one pixel */
const widths = new Map();
const FONT = "system-ui, sans-serif";

/**
 * Write text that lies over seats.
 * @param {CanvasRenderingContext2D} context @param {import("../ui/palette.js").Palette} palette @param {string} text
 * @param {{x: number, y: number}} at
 */
export function fillWithHalo(context, palette, text, { x, y }) {
  context.lineJoin = "round";
  context.lineWidth = HALO_PX;
  context.strokeStyle = palette.card;
  context.strokeText(text, x, y);
  context.fillStyle = palette.ink;
  context.fillText(text, x, y);
}

/**
 * Write the name of a section, and below it the first of the other texts that fits.
 * @param {import("./section-painter.js").Labelled} scene @param {import("../plan/house-plan.js").Placed} placed
 * @param {string[]} lines
 */
export function drawLabel({ context, camera, size, ratio, palette }, placed, [name = "", ...others]) {
  const { bounds, plan } = placed;
  const box = plan.curve ? plan.straight : placed.box;
  const middle = bend(box.left + box.width / 2, box.top + box.height / 2, plan.curve);
  const { x, y } = toPoint(camera, size, toHouse(placed, middle.x, middle.y));
  const width = Math.min(bounds.width, box.width) * camera.scale - 8;
  const height = (plan.curve ? box : bounds).height * camera.scale - (plan.curve ? 10 : 4);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = palette.ink;
  const lines = linesThatFit(context, { name, others }, { width, height });
  let top = y - heightOf(lines) / 2;
  for (const { text, font, weight } of lines) {
    setFont(context, font, weight);
    context.fillText(text, x, top + (font * LINE_HEIGHT) / 2);
    top += font * LINE_HEIGHT;
  }
}

/**
 * Return the lines of a label: rather all words small than some of them large, and the name cut only
 * where it fits in no way.
 * @param {CanvasRenderingContext2D} context @param {{name: string, others: string[]}} texts
 * @param {{width: number, height: number}} room @returns {Line[]}
 */
function linesThatFit(context, { name, others }, { width, height }) {
  const fits = (/** @type {Line[]} */ lines) =>
    heightOf(lines) <= height && lines.every((line) => widthOf(context, line) <= width);
  for (const below of [...others, ""])
    for (const names of [[name], halvesOf(name)])
      for (const font of NAME_FONTS) {
        const lines = names.map((text) => ({ text, font, weight: NAME_WEIGHT }));
        if (below) lines.push({ text: below, font: Math.max(9, font - 2), weight: STOCK_WEIGHT });
        if (fits(lines)) return lines;
      }
  const least = { text: name, font: NAME_FONTS[NAME_FONTS.length - 1], weight: NAME_WEIGHT };
  setFont(context, least.font, least.weight);
  return heightOf([least]) <= height ? [{ ...least, text: shortened(context, name, width) }] : [];
}

/** Return a name on two lines, broken at the space nearest to its middle. @param {string} name */
export function halvesOf(name) {
  const spaces = [...name.matchAll(/ /g)].map(({ index = 0 }) => index);
  const away = (/** @type {number} */ at) => Math.abs(at - name.length / 2);
  const [at] = spaces.sort((a, b) => away(a) - away(b));
  return at ? [name.slice(0, at), name.slice(at + 1)] : [name];
}

/** @param {Line[]} lines */
function heightOf(lines) {
  return lines.reduce((sum, { font }) => sum + font * LINE_HEIGHT, 0);
}

/** Return the width of a line, from one measurement of its text. @param {CanvasRenderingContext2D} context @param {Line} line */
function widthOf(context, { text, font, weight }) {
  const key = `${weight} ${text}`;
  let share = widths.get(key);
  if (share === undefined) {
    if (widths.size >= WIDTHS_MAX) widths.clear();
    setFont(context, MEASURED_PX, weight);
    share = context.measureText(text).width / MEASURED_PX;
    widths.set(key, share);
  }
  return share * font;
}

/**
 * Return a text that fits, with "…" where it was cut: in the middle, for numbers stand at the end.
 * @param {CanvasRenderingContext2D} context @param {string} text @param {number} width
 */
export function shortened(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  const letters = [...text];
  for (let kept = letters.length - 1; kept > 2; kept -= 1) {
    const tail = Math.min(3, kept >> 1);
    const cut = `${letters.slice(0, kept - tail).join("").trimEnd()}…${letters.slice(-tail).join("").trimStart()}`;
    if (context.measureText(cut).width <= width) return cut;
  }
  return "";
}

/** Set the font of a text around its middle. @param {CanvasRenderingContext2D} context @param {number} pixels @param {number} weight */
export function setFont(context, pixels, weight) {
  context.font = `${weight} ${pixels}px ${FONT}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
}
