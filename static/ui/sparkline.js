// A sparkline: the last two minutes of one number as a small SVG line.

import { createSvg } from "./dom.js";

const SAMPLES_MAX = 120; // one a second
const [WIDTH, HEIGHT] = [SAMPLES_MAX, 32];
const TOP = 3; // room for the stroke

/** A line of the latest 120 samples, the newest on the right. */
export class Sparkline {
  /** @type {number[]} */ #samples = [];
  #line = createSvg("polyline", {
    fill: "none",
    stroke: "currentColor",
    "stroke-width": "2",
    "stroke-linejoin": "round",
    "vector-effect": "non-scaling-stroke",
  });
  #area = createSvg("polygon", { fill: "currentColor", "fill-opacity": "0.12" });

  constructor() {
    const box = {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    };
    this.element = createSvg("svg", box);
    this.element.append(this.#area, this.#line);
  }

  /** Append a sample. @param {number} sample */
  add(sample) {
    this.#samples = [...this.#samples, sample].slice(-SAMPLES_MAX);
    this.#draw();
  }

  /** Remove all samples. */
  clear() {
    this.#samples = [];
    this.#draw();
  }

  #draw() {
    const max = Math.max(1, ...this.#samples);
    const first = SAMPLES_MAX - this.#samples.length;
    const points = this.#samples.map((sample, at) => {
      const height = HEIGHT - 1 - (sample / max) * (HEIGHT - 1 - TOP);
      return `${first + at},${height.toFixed(1)}`;
    });
    this.#line.setAttribute("points", points.join(" "));
    const ends = [`${WIDTH - 1},${HEIGHT}`, `${first},${HEIGHT}`];
    this.#area.setAttribute("points", points.length ? [...points, ...ends].join(" ") : "");
  }
}
