// The note of who is offline: what becomes of place, seats and money meanwhile.

import { time } from "../lib/dates.js";
import { texts as all } from "../texts/texts.js";
import { byId, setTextOrHide } from "../ui/dom.js";

const texts = all.event.offline;

/**
 * Draw the note.
 * @param {string} status of the connection
 * @param {{hasPlace: boolean, heldUntil: string, isAsked: boolean, isPaying: boolean}} standing
 *   `isAsked`: the visitor has pressed Pay, and the server has not answered
 */
export function drawOfflineNote(status, standing) {
  setTextOrHide(byId("offline"), status === "offline" ? noteOf(standing) : "");
}

/** @param {Parameters<typeof drawOfflineNote>[1]} standing */
function noteOf({ hasPlace, heldUntil, isAsked, isPaying }) {
  if (isPaying) return texts.paying;
  if (heldUntil) return (isAsked ? texts.asked : texts.held)(time(heldUntil));
  return hasPlace ? texts.place : texts.none;
}
