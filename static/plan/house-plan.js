// The plan of a house: the sections of one show side by side below the stage, in seats. Pure.

import { rowAndNumberOf, sectionOf } from "../seats/seat-inventory.js";
import { fitted } from "./camera.js";
import { planOf, unbend } from "./geometry.js";

/**
 * @typedef {import("../seats/seat-inventory.js").Section} Section
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {{section: Section, plan: import("./geometry.js").Plan, box: Box, bounds: Box,
 *   at: [number, number], cos: number, sin: number}} Placed `box` in its own plane, `bounds` in the house
 * @typedef {Box & {isAmong?: boolean}} Stage in front of all sections, or among them at a focal point
 * @typedef {{placed: Placed[], byId: Map<string, Placed>, box: Box, stages: Stage[]}} House
 */

const GAP = 2; // between sections
const NAME_HEIGHT = 1.2; // of what is written above the front row
const STAGE_HEIGHT = 1.6; // at least
const STAGE_SHARE = 0.05; // of a house
const AMONG_WIDTH = /** @type {const} */ ([2, 16]); // of a stage among sections, least and most

/**
 * Return the house of one show. Sections lie where the chart has them; others are packed in shelves.
 * @param {Section[]} sections @param {number} aspect wanted width by height of what is packed
 * @returns {House}
 */
export function housePlan(sections, aspect) {
  const drafts = sections.map((section) => ({ section, ...planAndBox(section) }));
  const fixed = drafts.filter(({ section }) => section.at);
  const placed = fixed.map((draft) => place(draft, /** @type {[number, number]} */ (draft.section.at)));
  const below = placed.length ? bottomOf(union(placed.map(({ bounds }) => bounds))) + GAP : 0;
  placed.push(...packed(drafts.filter(({ section }) => !section.at), aspect, below));
  const all = placed.length ? union(placed.map(({ bounds }) => bounds)) : boxAround(0, 0, 1, 1);
  const stages = stagesOf(placed, all);
  const byId = new Map(placed.map((one) => [one.section.id, one]));
  return { placed, byId, stages, box: grown(union([all, ...stages]), 0.5) };
}

/**
 * Return the stages: one at each focal point that sections placed by the chart look at; for none, one
 * in front of all.
 * @param {Placed[]} placed @param {Box} all @returns {Stage[]}
 */
function stagesOf(placed, all) {
  const focal = placed.flatMap(({ section: { at, focus } }) => (at && focus ? [focus] : []));
  const points = [...new Map(focal.map((point) => [point.join(), point])).values()];
  if (points.length) return points.map((point) => stageAt(point, placed));
  const width = Math.max(6, all.width * 0.5);
  const height = Math.max(STAGE_HEIGHT, Math.min(all.width, all.height) * STAGE_SHARE);
  return [{ left: all.left + (all.width - width) / 2, top: all.top - 1.5 * height, width, height }];
}

/** Return the stage at a focal point, as large as the sections around it leave it. @param {[number, number]} point @param {Placed[]} placed @returns {Stage} */
function stageAt([x, y], placed) {
  const away = (/** @type {Placed} */ { bounds: { left, top, width, height } }) =>
    Math.hypot(Math.max(left - x, 0, x - left - width), Math.max(top - y, 0, y - top - height));
  const [least, most] = AMONG_WIDTH;
  const width = Math.min(most, Math.max(least, 1.6 * Math.min(...placed.map(away))));
  return { ...boxAround(x, y, width, width / 2), isAmong: true };
}

/** Return the box of a section, with the stage if that is near; of the whole house for none. @param {House} house @param {string} inside @returns {Box} */
export function boxInside({ byId, box, stages }, inside) {
  const placed = byId.get(inside);
  if (!placed) return box;
  const { bounds } = placed;
  const [stage] = stages;
  const isFront = !stage.isAmong && bounds.top - box.top < 2 * stage.height + 2;
  const above = isFront ? bounds.top - box.top : NAME_HEIGHT;
  return { ...bounds, top: bounds.top - above, height: bounds.height + above + 0.25 };
}

/** Return a place of the house in the plane of a section. @param {Placed} placed @param {number} x @param {number} y */
export function toSection({ at, cos, sin }, x, y) {
  const [dx, dy] = [x - at[0], y - at[1]];
  return { x: dx * cos + dy * sin, y: dy * cos - dx * sin };
}

/** Return a place of a section in the house. @param {Placed} placed @param {number} x @param {number} y */
export function toHouse({ at, cos, sin }, x, y) {
  return { x: at[0] + x * cos - y * sin, y: at[1] + x * sin + y * cos };
}

/** Return the box of a seat in the house; of the whole section for none. @param {Placed} placed @param {string} seat @returns {Box} */
export function boundsOf(placed, seat) {
  const found = seat && placed.plan.seats.get(seat);
  if (!found) return placed.bounds;
  const { x, y } = toHouse(placed, found.x, found.y);
  return boxAround(x, y, 1, 1);
}

/**
 * Return the section that is open from a camera: the one in the middle once its seats are near, and
 * none when the open one is far.
 * @param {House} house @param {string} inside the section that was open, or ""
 * @param {{camera: import("./camera.js").Camera, size: import("./camera.js").Size, near: number}} seen pixels of a seat that is near
 */
export function sectionNear(house, inside, { camera, size, near }) {
  const open = house.byId.get(inside);
  const isFar = (/** @type {Placed} */ { bounds }) => camera.scale < Math.min(fitted(bounds, size).scale, near) * 0.7;
  if (open && !(house.placed.length > 1 && isFar(open))) return inside;
  return camera.scale < near ? "" : (sectionAt(house, camera.x, camera.y)?.section.id ?? "");
}

/** Return the section at a place of the house. @param {House} house @param {number} x @param {number} y */
export function sectionAt({ placed }, x, y) {
  return placed.find((one) => {
    const { curve, straight } = one.plan;
    const point = toSection(one, x, y);
    if (!curve) return contains(one.box, point);
    const { along, depth } = unbend(point.x, point.y, curve);
    return contains(straight, { x: along, y: depth });
  });
}

/**
 * Return the section that an arrow key leads to from another one; the same where there is none.
 * @param {House} house @param {string} from @param {string} key
 */
export function nextSection({ placed, byId }, from, key) {
  const start = byId.get(from);
  const direction = /** @type {Record<string, [number, number]>} */ (DIRECTIONS)[key];
  if (key === "Home") return placed[0]?.section.id ?? from;
  if (key === "End") return placed.at(-1)?.section.id ?? from;
  if (!start || !direction) return from;
  const origin = middleOf(start.bounds);
  let [best, least] = [from, Infinity];
  for (const { section, bounds } of placed) {
    const { x, y } = middleOf(bounds);
    const ahead = (x - origin.x) * direction[0] + (y - origin.y) * direction[1];
    const aside = Math.abs((x - origin.x) * direction[1]) + Math.abs((y - origin.y) * direction[0]);
    if (ahead > 0.1 && ahead + 3 * aside < least) [best, least] = [section.id, ahead + 3 * aside];
  }
  return best;
}

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Return the middle of a box. @param {Box} box */
export function middleOf({ left, top, width, height }) {
  return { x: left + width / 2, y: top + height / 2 };
}

/** Return whether a point is in a box. @param {Box} box @param {{x: number, y: number}} point */
export function contains({ left, top, width, height }, { x, y }) {
  return x >= left && y >= top && x <= left + width && y <= top + height;
}

/** Return whether two boxes have a point in common. @param {Box} a @param {Box} b */
export function overlap(a, b) {
  return (
    a.left < b.left + b.width &&
    b.left < a.left + a.width &&
    a.top < bottomOf(b) &&
    b.top < bottomOf(a)
  );
}

/** Return a box with a margin around it. @param {Box} box @param {number} margin @returns {Box} */
export function grown({ left, top, width, height }, margin) {
  return {
    left: left - margin,
    top: top - margin,
    width: width + 2 * margin,
    height: height + 2 * margin,
  };
}

/** Return the least box around others. @param {Box[]} boxes @returns {Box} */
export function union(boxes) {
  const left = Math.min(...boxes.map((box) => box.left));
  const top = Math.min(...boxes.map((box) => box.top));
  const right = Math.max(...boxes.map((box) => box.left + box.width));
  return { left, top, width: right - left, height: Math.max(...boxes.map(bottomOf)) - top };
}

/** @param {Section} section */
function planAndBox(section) {
  const plan = planOf(section);
  if (section.kind === "seated") return { plan, box: plan.box };
  const height = Math.min(12, Math.max(4, Math.sqrt((section.capacity ?? 1) / 8)));
  return { plan, box: boxAround(0, height / 2, 2.5 * height, height) };
}

/** @param {{section: Section, plan: any, box: Box}} draft @param {[number, number]} at @returns {Placed} */
function place({ section, plan, box }, at) {
  const angle = ((section.rotation ?? 0) * Math.PI) / 180;
  const placed = { section, plan, box, at, cos: Math.cos(angle), sin: Math.sin(angle) };
  const corners = [
    [box.left, box.top],
    [box.left + box.width, box.top],
    [box.left, bottomOf(box)],
    [box.left + box.width, bottomOf(box)],
  ].map(([x, y]) => toHouse(/** @type {any} */ (placed), x, y));
  return { ...placed, bounds: union(corners.map(({ x, y }) => boxAround(x, y, 0, 0))) };
}

/**
 * Place sections in shelves, each one centred.
 * @param {{section: Section, plan: any, box: Box}[]} drafts @param {number} aspect @param {number} top
 */
function packed(drafts, aspect, top) {
  const area = drafts.reduce((sum, { box }) => sum + (box.width + GAP) * (box.height + GAP), 0);
  const most = Math.max(Math.sqrt(area * aspect), ...drafts.map(({ box }) => box.width));
  /** @type {Placed[]} */
  const placed = [];
  for (const shelf of shelves(drafts, most)) {
    const width = shelf.reduce((sum, { box }) => sum + box.width + GAP, -GAP);
    let left = -width / 2;
    for (const draft of shelf) {
      const at = /** @type {[number, number]} */ ([left - draft.box.left, top - draft.box.top]);
      placed.push(place({ ...draft, section: { ...draft.section, rotation: 0 } }, at));
      left += draft.box.width + GAP;
    }
    top += Math.max(...shelf.map(({ box }) => box.height)) + GAP;
  }
  return placed;
}

/** @template {{box: Box}} T @param {T[]} drafts @param {number} most width of a shelf @returns {T[][]} */
function shelves(drafts, most) {
  /** @type {T[][]} */
  const made = [];
  let left = Infinity;
  for (const draft of drafts) {
    if (left + draft.box.width > most + 0.001) {
      made.push([]);
      left = 0;
    }
    made.at(-1)?.push(draft);
    left += draft.box.width + GAP;
  }
  return made;
}

/** @param {number} x @param {number} y @param {number} width @param {number} height @returns {Box} */
function boxAround(x, y, width, height) {
  return { left: x - width / 2, top: y - height / 2, width, height };
}

/** @param {Box} box */
function bottomOf({ top, height }) {
  return top + height;
}

/** Return the row of a seat. @param {House | null} house @param {string} seat */
export function rowOf(house, seat) {
  const plan = house?.byId.get(sectionOf(seat))?.plan;
  return plan?.rows.find(({ name }) => name === rowAndNumberOf(seat).row);
}
