// The camera over a house: what is in the middle of the view, and how many pixels a seat has. Pure.

/**
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {{x: number, y: number, scale: number}} Camera middle of the view in seats, pixels a seat
 * @typedef {{width: number, height: number}} Size of the view in pixels
 */

const MARGIN_SHARE = 0.3; // of the view
const [HEIGHT_MIN, HEIGHT_SHARE] = [220, 0.25]; // of a view: pixels, and of its width

/** Return the camera that shows a whole box. @param {Box} box @param {Size} size @returns {Camera} */
export function fitted({ left, top, width, height }, size) {
  const scale = Math.min(size.width / width, size.height / height);
  return { x: left + width / 2, y: top + height / 2, scale };
}

/**
 * Return the scale to begin with: that of the whole box, unless its seats could almost be tapped.
 * @param {Box} box @param {Size} size
 * @param {{isInside: boolean, isTappable: boolean, tappable: number, least: number}} needs
 * whether it is one section, whether its seats must be tapped, and how many pixels a seat wants then
 * and at least
 */
export function scaleFor(box, size, { isInside, isTappable, tappable, least }) {
  const fit = fitted(box, size).scale;
  const wide = size.width / box.width;
  if (!isInside) return Math.min(fit, tappable);
  if (!isTappable) return Math.min(tappable * 1.25, Math.max(fit, Math.min(wide, least)));
  return wide < tappable * 0.4 ? fit : Math.min(Math.max(wide, tappable), tappable * 1.25);
}

/**
 * Return the height of a view that shows a box from the scale to begin with: neither higher than is
 * allowed nor a slit, in which the other sections of a wide house could not be looked at.
 * @param {Box} box @param {number} width of the view @param {Parameters<typeof scaleFor>[2]} needs @param {number} most
 */
export function heightFor(box, width, needs, most) {
  const needed = box.height * scaleFor(box, { width, height: Infinity }, needs);
  return Math.round(Math.min(most, Math.max(HEIGHT_MIN, width * HEIGHT_SHARE, needed)));
}

/** Return whether so much of a box is out of view that one can be lost. @param {Camera} camera @param {Size} size @param {Box} box */
export function isPartial(camera, size, box) {
  const { width, height } = seen(camera, size);
  return width < box.width * 0.8 || height < box.height * 0.8;
}

/**
 * Zoom around a point of the view, which stays where it is.
 * @param {Camera} camera @param {Size} size @param {number} scale @param {{x: number, y: number}} point
 * @returns {Camera}
 */
export function zoomed(camera, size, scale, point) {
  const fixed = toPlace(camera, size, point);
  const [dx, dy] = [point.x - size.width / 2, point.y - size.height / 2];
  return { x: fixed.x - dx / scale, y: fixed.y - dy / scale, scale };
}

/** Move what is seen by pixels. @param {Camera} camera @param {number} dx @param {number} dy @returns {Camera} */
export function moved({ x, y, scale }, dx, dy) {
  return { x: x - dx / scale, y: y - dy / scale, scale };
}

/**
 * Keep a camera over a box: what is smaller than the view is centred, what is larger fills it.
 * @param {Camera} camera @param {Size} size @param {Box} box @param {[number, number]} scales least and most
 * @returns {Camera}
 */
export function bounded(camera, size, box, [least, most]) {
  const scale = Math.min(most, Math.max(least, camera.scale));
  return {
    x: within(camera.x, size.width / scale / 2, box.left, box.width),
    y: within(camera.y, size.height / scale / 2, box.top, box.height),
    scale,
  };
}

/**
 * Keep a camera over a house: its whole box may be seen, and beyond a house that is larger than the
 * view a margin, so that nothing stays below the minimap.
 * @param {Camera} camera @param {Size} size @param {Box} box @param {[number, number]} scales of a seat that can be tapped, and the most
 */
export function boundedOver(camera, size, box, [tappable, most]) {
  const least = Math.min(tappable, fitted(box, size).scale);
  const isLarger = camera.scale > 1.2 * least;
  const margin = isLarger ? (Math.min(size.width, size.height) * MARGIN_SHARE) / camera.scale : 0;
  const { left, top, width, height } = box;
  const around = { left: left - margin, top: top - margin, width: width + 2 * margin, height: height + 2 * margin };
  return bounded(camera, size, around, [least, most]);
}

/** Return the camera between two others. @param {Camera} from @param {Camera} to @param {number} share */
export function between(from, to, share) {
  const scale = from.scale * (to.scale / from.scale) ** share;
  const reached = to.scale === from.scale ? share : (1 / from.scale - 1 / scale) / (1 / from.scale - 1 / to.scale);
  return {
    x: from.x + (to.x - from.x) * reached,
    y: from.y + (to.y - from.y) * reached,
    scale,
  };
}

/** Return the box of a house that is seen. @param {Camera} camera @param {Size} size @returns {Box} */
export function seen({ x, y, scale }, size) {
  const [width, height] = [size.width / scale, size.height / scale];
  return { left: x - width / 2, top: y - height / 2, width, height };
}

/** Return the place of the house at a point of the view. @param {Camera} camera @param {Size} size @param {{x: number, y: number}} point */
export function toPlace({ x, y, scale }, { width, height }, point) {
  return { x: x + (point.x - width / 2) / scale, y: y + (point.y - height / 2) / scale };
}

/** Return the point of the view at a place of the house. @param {Camera} camera @param {Size} size @param {{x: number, y: number}} place */
export function toPoint({ x, y, scale }, { width, height }, place) {
  return { x: (place.x - x) * scale + width / 2, y: (place.y - y) * scale + height / 2 };
}

/** Return the box of the view at a box of the house. @param {Camera} camera @param {Size} size @param {Box} box @returns {Box} */
export function toBox(camera, size, { left, top, width, height }) {
  const { x, y } = toPoint(camera, size, { x: left, y: top });
  return { left: x, top: y, width: width * camera.scale, height: height * camera.scale };
}

/** @param {number} at @param {number} half of the view @param {number} start @param {number} length */
function within(at, half, start, length) {
  if (2 * half >= length) return start + length / 2;
  return Math.min(start + length - half, Math.max(start + half, at));
}
