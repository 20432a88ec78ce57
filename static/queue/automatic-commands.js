// Commands the page sends on its own: rejoin after a recovery, confirm presence when visible.

import { isWaiting } from "./queue-state.js";

/**
 * @typedef {import("./queue-state.js").QueueState} QueueState
 * @typedef {import("../connection/reconnecting-socket.js").Frame} Frame
 */

const RECOVERY_SPREAD_MS = 3_000; // after a recovery all pages rejoin: not in the same moment

/**
 * Return whether a waiting visitor has lost their place and must rejoin.
 * @param {QueueState} before
 * @param {QueueState} after
 * @param {Frame} frame
 */
export function mustRejoin(before, after, frame) {
  if (!isWaiting(after) || after.room?.state === "recovering") return false;
  if (frame.type === "welcome") return !frame.place;
  if (frame.type === "room.state") return before.room?.state === "recovering";
  return frame.type === "error" && frame.problem.code === "not_in_line";
}

/**
 * Return how long to wait before a command that this frame causes, in milliseconds: random in
 * 0 .. 3 s after a recovery, else 0.
 * @param {Frame} frame @param {() => number} [random]
 */
export function recoveryDelayMs(frame, random = Math.random) {
  return frame.type === "room.state" ? random() * RECOVERY_SPREAD_MS : 0;
}

/** Return whether the visitor is admitted and not confirmed. @param {QueueState} queueState */
export function mustConfirmPresence({ place, presenceConfirmed }) {
  return place?.state === "admitted" && !presenceConfirmed;
}
