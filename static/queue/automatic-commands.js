// What the page asks of the line by itself after a frame: join again, say that we are here.

import { waits } from "./queue-state.js";

/**
 * @typedef {import("./queue-state.js").Standing} Standing
 * @typedef {import("../connection/reconnecting-socket.js").Frame} Frame
 */

const SPREAD_MS = 3_000; // after a recovery everybody joins again, and not in the same moment

/**
 * Whether who waited must join again.
 * @param {Standing} before
 * @param {Standing} after
 * @param {Frame} frame
 */
export function mustJoinAgain(before, after, frame) {
  if (!waits(after) || after.room?.state === "recovering") return false;
  if (frame.type === "welcome") return !frame.place;
  if (frame.type === "room.state") return before.room?.state === "recovering";
  return frame.type === "error" && frame.problem.code === "not_in_line";
}

/** When to ask after such a frame. @param {Frame} frame @param {() => number} [random] */
export function spreadMs(frame, random = Math.random) {
  return frame.type === "room.state" ? random() * SPREAD_MS : 0;
}

/**
 * Whether the turn has come and nobody has said so far that we are here.
 * @param {Standing} standing
 */
export function mustClaim({ place, claimed }) {
  return place?.state === "admitted" && !claimed;
}
