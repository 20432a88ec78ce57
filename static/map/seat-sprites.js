// The sprites of seats: each look drawn once a scale, then copied for every seat that has it.

import { LOOKS } from "./section-looks.js";

/**
 * @typedef {import("../ui/palette.js").Palette} Palette
 * @typedef {CanvasRenderingContext2D} Context
 * @typedef {{shape: "square" | "small" | "round" | "dot" | "dash", fill?: string, stroke?: string, sign?: "tick" | "cross",
 *   dashed?: boolean}} Style
 */

/** Return how a look is drawn: by shape, and not by colour alone. @param {string} look @param {Palette} palette @param {string} price @returns {Style} */
function styleOf(look, palette, price) {
  /** @type {Record<string, Style>} */
  const styles = {
    free: { shape: "square", fill: palette["free-fill"], stroke: price },
    held: { shape: "square", fill: palette["held-fill"], stroke: palette.held, dashed: true },
    sold: { shape: "dot", fill: palette.sold },
    closed: { shape: "dash", fill: palette.sold },
    unknown: { shape: "square", stroke: palette.rule },
    apart: { shape: "small", stroke: palette.sold },
    chosen: { shape: "square", fill: palette.accent, stroke: palette.accent, sign: "tick" },
    mine: { shape: "round", fill: palette.mine, stroke: palette.mine, sign: "tick" },
    lost: { shape: "square", fill: palette.bad, stroke: palette.lost, sign: "cross" },
  };
  return styles[look];
}

/** The sprites of one scale, a row of them for each price. */
export class SeatSprites {
  /** @type {Map<number, HTMLCanvasElement>} */ #sheets = new Map();
  #pixels;
  #palette;

  /** @param {number} pixels of the canvas a seat @param {Palette} palette */
  constructor(pixels, palette) {
    this.#pixels = Math.max(4, Math.round(pixels));
    this.#palette = palette;
  }

  /** Return whether these are the sprites of a scale and a palette. @param {number} pixels @param {Palette} palette */
  fit(pixels, palette) {
    return this.#pixels === Math.max(4, Math.round(pixels)) && this.#palette === palette;
  }

  /**
   * Draw a seat around a point.
   * @param {Context} context @param {number} price its number @param {number} look @param {number} x @param {number} y
   */
  draw(context, price, look, x, y) {
    const size = this.#pixels;
    const half = size >> 1;
    context.drawImage(this.#sheet(price), look * size, 0, size, size, x - half, y - half, size, size);
  }

  /** Clear the box of a seat around a point. @param {Context} context @param {number} x @param {number} y */
  clear(context, x, y) {
    const half = this.#pixels >> 1;
    context.clearRect(x - half, y - half, this.#pixels, this.#pixels);
  }

  /** @param {number} price */
  #sheet(price) {
    let sheet = this.#sheets.get(price);
    if (sheet) return sheet;
    sheet = document.createElement("canvas");
    sheet.width = this.#pixels * LOOKS.length;
    sheet.height = this.#pixels;
    const context = /** @type {Context} */ (sheet.getContext("2d"));
    LOOKS.forEach((look, at) => {
      context.setTransform(this.#pixels, 0, 0, this.#pixels, (at + 0.5) * this.#pixels, this.#pixels / 2);
      drawLook(context, styleOf(look, this.#palette, this.#palette[`price-${price}`]), this.#palette);
    });
    this.#sheets.set(price, sheet);
    return sheet;
  }
}

/** @param {Context} context @param {Style} style @param {Palette} palette */
function drawLook(context, { shape, fill, stroke, sign, dashed }, palette) {
  context.beginPath();
  if (shape === "dot") context.arc(0, 0, 0.2, 0, 7);
  else if (shape === "dash") context.rect(-0.18, -0.05, 0.36, 0.1);
  else if (shape === "small") context.roundRect(-0.22, -0.22, 0.44, 0.44, 0.1);
  else context.roundRect(-0.38, -0.38, 0.76, 0.76, shape === "round" ? 0.38 : 0.2);
  if (fill) {
    context.fillStyle = fill;
    context.fill();
  }
  context.lineWidth = 0.09;
  context.setLineDash(dashed ? [0.14, 0.1] : []);
  if (stroke) {
    context.strokeStyle = stroke;
    context.stroke();
  }
  if (!sign) return;
  context.setLineDash([]);
  context.lineWidth = 0.13;
  context.lineCap = context.lineJoin = "round";
  context.strokeStyle = sign === "tick" ? palette["on-accent"] : palette.lost;
  context.stroke(new Path2D(sign === "tick" ? "M-.2 .02L-.06 .16L.2 -.14" : "M-.17 -.17L.17 .17M.17 -.17L-.17 .17"));
}
