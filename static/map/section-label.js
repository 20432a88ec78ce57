// The label of a section on the whole house: its name, on two lines where one is too short, and its stock.

import { isRightToLeft } from "../texts/direction.js";
import { toPoint } from "../plan/camera.js";
import { bend } from "../plan/geometry.js";
import { toHouse } from "../plan/house-plan.js";

/**
 * @typedef {{text: string, font: number, weight: number}} Line
 * @typedef {{width: number, height: number, cos: number, sin: number}} Room of a section in pixels, and its turn: text is not turned
 */

const NAME_FONTS = [16, 13, 11, 9]; // pixels, the largest that fits
const SMALL_FONTS = [11, 9];
const READABLE = 8; // letters of a name that is cut: with fewer its number says more
const OVER_EDGE = 0.5; // of a section that is turned halfway the corners of a text may lie so far outside
const [NAME_WEIGHT, STOCK_WEIGHT] = [650, 500];
const LINE_HEIGHT = 1.2; // of its font
const MEASURED_PX = 16;
const LEVEL = 0.01; // a sine of no turn
const WORDS_MIN = 8; // letters: a shorter name is not broken within
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
  context.direction = isRightToLeft(text) ? "rtl" : "ltr";
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
  const { plan, cos, sin } = placed;
  const box = plan.curve ? plan.straight : placed.box;
  const risen = plan.curve ? box.width ** 2 / (8 * plan.curve) : 0;
  const middle = bend(box.left + box.width / 2, box.top + box.height / 2, plan.curve);
  const { x, y } = toPoint(camera, size, toHouse(placed, middle.x, middle.y));
  const width = box.width * camera.scale - 8;
  const height = box.height * camera.scale - 4 - Math.min(6, risen * camera.scale);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = palette.ink;
  const lines = linesThatFit(context, { name, others }, { width, height, cos: Math.abs(cos), sin: Math.abs(sin) });
  let top = y - heightOf(lines) / 2;
  for (const { text, font, weight } of lines) {
    setFont(context, font, weight);
    context.direction = isRightToLeft(text) ? "rtl" : "ltr";
    context.fillText(text, x, top + (font * LINE_HEIGHT) / 2);
    top += font * LINE_HEIGHT;
  }
}

/**
 * Return the lines of a label: rather all words small than some of them large. Where a name fits in no
 * way it is cut, or its number stands for it.
 * @param {CanvasRenderingContext2D} context @param {{name: string, others: string[]}} texts @param {Room} room
 * @returns {Line[]}
 */
function linesThatFit(context, { name, others }, room) {
  const names = [[name], halvesOf(name)];
  const tries = [...others, ""].flatMap((below) => names.flatMap((lines) => linesOf(lines, below, NAME_FONTS)));
  const more = 1 + OVER_EDGE * 2 * room.sin * room.cos;
  const loose = { ...room, width: room.width * more, height: room.height * more };
  const fitsIn = (/** @type {Room} */ place) => (/** @type {Line[]} */ lines) =>
    Math.max(...lines.map((line) => widthOf(context, line))) <= widthAt(place, heightOf(lines));
  const found = tries.find(fitsIn(room)) ?? names.reverse().flatMap((lines) => linesOf(lines, "", SMALL_FONTS)).find(fitsIn(loose));
  if (found) return found;
  const number = numberIn(name);
  const least = { text: name, font: NAME_FONTS[NAME_FONTS.length - 1], weight: NAME_WEIGHT };
  setFont(context, least.font, least.weight);
  const cut = shortened(context, name, Math.max(0, widthAt(room, heightOf([least]))));
  if (cut.length < (number ? READABLE : 1)) return linesOf([number], "", SMALL_FONTS).find(fitsIn(loose)) ?? [];
  return [{ ...least, text: cut }];
}

/** Return a name, and a text below it, in each of some fonts. @param {string[]} names @param {string} below @param {number[]} fonts @returns {Line[][]} */
function linesOf(names, below, fonts) {
  return fonts.map((font) => {
    const lines = names.map((text) => ({ text, font, weight: NAME_WEIGHT }));
    return below ? [...lines, { text: below, font: Math.max(9, font - 2), weight: STOCK_WEIGHT }] : lines;
  });
}

/** Return how wide lines of a height may be in a room. @param {Room} room @param {number} high */
function widthAt({ width, height, cos, sin }, high) {
  if (sin < LEVEL) return high > height ? 0 : width;
  if (cos < LEVEL) return high > width ? 0 : height;
  return Math.min((width - high * sin) / cos, (height - high * cos) / sin);
}

/** Return the number that a name ends with, by which a section is found; else "". @param {string} name */
function numberIn(name) {
  return /\s(\S*\p{N}\S*)$/u.exec(name)?.[1] ?? "";
}

/** Return a name on two lines, broken nearest to its middle: at a space, or between words of a script without. @param {string} name */
export function halvesOf(name) {
  const spaces = [...name.matchAll(/ /g)].map(({ index = 0 }) => index);
  const breaks = spaces.length || name.length < WORDS_MIN ? spaces : wordStarts(name);
  const away = (/** @type {number} */ at) => Math.abs(at - name.length / 2);
  const [at] = breaks.sort((a, b) => away(a) - away(b));
  return at ? [name.slice(0, at), name.slice(at).trimStart()] : [name];
}

/** Return where the words of a text begin, as far as the browser can tell. @param {string} text */
function wordStarts(text) {
  if (!("Segmenter" in Intl)) return [];
  return [...new Intl.Segmenter(undefined, { granularity: "word" }).segment(text)].map(({ index }) => index).slice(1);
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
