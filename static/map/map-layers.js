// The layers of a map: a drawing larger than the view, moved and scaled as it is while that will do,
// patched where seats change, and continued at its edges where it is moved too far.

import { seen, toPlace } from "../plan/camera.js";
import { PRICE_COLOURS } from "../seats/seat-filters.js";
import { SeatSprites } from "./seat-sprites.js";

/**
 * @typedef {import("../plan/camera.js").Camera} Camera
 * @typedef {import("../plan/camera.js").Size} Size
 * @typedef {import("./section-painter.js").Scene} Scene
 * @typedef {import("../ui/palette.js").Palette} Palette
 */

/** Colours of the style sheet that a map is drawn in. */
export const COLOURS = [
  ..."paper card ink soft rule stage accent on-accent free-fill held held-fill sold mine lost bad".split(" "),
  ...Array.from({ length: PRICE_COLOURS }, (_, at) => `price-${at + 1}`),
];
const MARGIN = 0.3; // of the view, drawn on each side beyond it
const STRETCH_MAX = 1.8; // until the drawing is made anew at its true scale
const SETTLED_MS = 120; // after the last change of scale
const RATIO_MAX = 2; // more pixels cost more than they show

/** The layers of one map: the drawing, and above it the strip of row names and the minimap. */
export class MapLayers {
  size = { width: 0, height: 0 };
  #drawing = newCanvas("drawing");
  #overlays = { names: newCanvas("names"), mini: newCanvas("mini") };
  /** @type {Camera} */ #camera = { x: 0, y: 0, scale: 1 };
  /** @type {Camera | null} */ #drawn = null;
  #isRough = false; // drawn during a change of scale, without what takes long
  #frame = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #settling;
  #ratio = 1;
  #palette;
  #sprites;
  #paint;

  /**
   * @param {HTMLElement} box @param {Palette} palette
   * @param {{drawing: (scene: Scene) => void, names: (scene: Scene) => void, mini: (scene: Scene) => void}} paint
   */
  constructor(box, palette, paint) {
    this.#palette = palette;
    this.#paint = paint;
    this.#sprites = new SeatSprites(8, palette);
    box.prepend(this.#drawing, this.#overlays.names, this.#overlays.mini);
  }

  /** Set the size of the view in pixels, and draw at once: a canvas of a new size is empty. @param {Size} size @param {Camera} camera */
  resize(size, camera) {
    this.size = size;
    this.#ratio = Math.min(RATIO_MAX, devicePixelRatio);
    const { width, height } = this.#drawingSize;
    place(this.#drawing, { left: (size.width - width) / 2, top: (size.height - height) / 2, width, height }, this.#ratio);
    this.#camera = camera;
    this.#drawn = null;
    this.#show();
  }

  /** Look from a camera in the next frame. @param {Camera} camera */
  look(camera) {
    this.#camera = camera;
    this.#frame ||= requestAnimationFrame(() => this.#show());
  }

  /** Draw anew in the next frame. */
  invalidate() {
    this.#drawn = null;
    this.look(this.#camera);
  }

  /** Let a painter change a part of the drawing; where it cannot, draw anew in the next frame. @param {(scene: Scene) => boolean} paint */
  patch(paint) {
    const drawn = this.#drawn;
    if (!drawn || !paint(this.#scene(this.#drawing, this.#drawingSize, drawn))) this.invalidate();
  }

  /** Draw in other colours. @param {Palette} palette */
  recolour(palette) {
    this.#palette = palette;
    this.invalidate();
  }

  /** Put an overlay somewhere in the view, or hide it. @param {"names" | "mini"} name @param {import("../plan/geometry.js").Box | null} box */
  placeOverlay(name, box) {
    const canvas = this.#overlays[name];
    canvas.hidden = !box;
    if (box) place(canvas, box, this.#ratio);
  }

  get #drawingSize() {
    const { width, height } = this.size;
    return { width: Math.round(width * (1 + 2 * MARGIN)), height: Math.round(height * (1 + 2 * MARGIN)) };
  }

  #show() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (!this.size.width) return;
    if (!this.#drawn || !this.#covers(this.#drawn)) this.#draw();
    const drawn = /** @type {Camera} */ (this.#drawn);
    const { x, y, scale } = this.#camera;
    const stretch = scale / drawn.scale;
    const [dx, dy] = [(drawn.x - x) * scale, (drawn.y - y) * scale];
    this.#drawing.style.transform = `translate(${dx.toFixed(2)}px, ${dy.toFixed(2)}px) scale(${stretch.toFixed(5)})`;
    clearTimeout(this.#settling);
    if (stretch !== 1 || this.#isRough) this.#settling = setTimeout(() => this.invalidate(), SETTLED_MS);
    for (const name of /** @type {const} */ (["names", "mini"]))
      this.#paint[name](this.#scene(this.#overlays[name], this.size));
  }

  #draw() {
    if (this.#drawn?.scale === this.#camera.scale && !this.#isRough && this.#extend(this.#drawn)) return;
    const scene = this.#scene(this.#drawing, this.#drawingSize);
    scene.context.setTransform(1, 0, 0, 1, 0, 0);
    scene.context.clearRect(0, 0, this.#drawing.width, this.#drawing.height);
    this.#isRough = this.#drawn !== null && this.#drawn.scale !== this.#camera.scale;
    this.#paint.drawing({ ...scene, isRough: this.#isRough });
    this.#drawn = this.#camera;
  }

  /** Move what is drawn by whole pixels, and draw the edges that are new. Return whether that was possible. @param {Camera} before */
  #extend(before) {
    const { width, height } = this.#drawing;
    const unit = this.#camera.scale * this.#ratio;
    const [dx, dy] = [Math.round((before.x - this.#camera.x) * unit), Math.round((before.y - this.#camera.y) * unit)];
    if (Math.abs(dx) >= width || Math.abs(dy) >= height) return false;
    const drawn = { x: before.x - dx / unit, y: before.y - dy / unit, scale: before.scale };
    const scene = this.#scene(this.#drawing, this.#drawingSize, drawn);
    scene.context.setTransform(1, 0, 0, 1, 0, 0);
    scene.context.globalCompositeOperation = "copy";
    scene.context.drawImage(this.#drawing, dx, dy);
    scene.context.globalCompositeOperation = "source-over";
    for (const edge of edgesOf(dx, dy, { width, height })) this.#drawEdge(scene, edge);
    this.#drawn = drawn;
    return true;
  }

  /** @param {Scene} scene @param {import("../plan/geometry.js").Box} edge in pixels of the canvas */
  #drawEdge(scene, edge) {
    const { context, camera, view } = scene;
    const unit = camera.scale * this.#ratio;
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(edge.left, edge.top, edge.width, edge.height);
    context.beginPath();
    context.rect(edge.left, edge.top, edge.width, edge.height);
    context.clip();
    this.#paint.drawing({
      ...scene,
      view: {
        left: view.left + edge.left / unit,
        top: view.top + edge.top / unit,
        width: edge.width / unit,
        height: edge.height / unit,
      },
    });
    context.restore();
  }

  /** Return whether what is drawn covers the view, sharply enough. @param {Camera} drawn */
  #covers(drawn) {
    const stretch = this.#camera.scale / drawn.scale;
    if (stretch > STRETCH_MAX || stretch < 1 / STRETCH_MAX) return false;
    const { width, height } = this.#drawingSize;
    const start = toPlace(this.#camera, this.size, { x: 0, y: 0 });
    const end = toPlace(this.#camera, this.size, { x: this.size.width, y: this.size.height });
    const [wide, high] = [width / drawn.scale / 2, height / drawn.scale / 2];
    return (
      start.x >= drawn.x - wide &&
      start.y >= drawn.y - high &&
      end.x <= drawn.x + wide &&
      end.y <= drawn.y + high
    );
  }

  /** @param {HTMLCanvasElement} canvas @param {Size} size @param {Camera} [camera] @returns {Scene} */
  #scene(canvas, size, camera = this.#camera) {
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const [ratio, palette] = [this.#ratio, this.#palette];
    if (!this.#sprites.fit(camera.scale * ratio, palette))
      this.#sprites = new SeatSprites(camera.scale * ratio, palette);
    return { context, camera, size, view: seen(camera, size), ratio, palette, sprites: this.#sprites, isRough: false };
  }
}

/** Return the boxes of a canvas that are empty after it was moved. @param {number} dx @param {number} dy @param {Size} size */
function edgesOf(dx, dy, { width, height }) {
  const [wide, high] = [Math.abs(dx), Math.abs(dy)];
  const [left, top] = [dx > 0 ? 0 : width - wide, dy > 0 ? 0 : height - high];
  return [
    { left, top: 0, width: wide, height },
    { left: dx > 0 ? wide : 0, top, width: width - wide, height: high },
  ].filter((edge) => edge.width > 0 && edge.height > 0);
}

/** @param {string} name */
function newCanvas(name) {
  const canvas = document.createElement("canvas");
  canvas.className = `map-${name}`;
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

/** @param {HTMLCanvasElement} canvas @param {import("../plan/geometry.js").Box} box @param {number} ratio */
function place(canvas, { left, top, width, height }, ratio) {
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  Object.assign(canvas.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
}
