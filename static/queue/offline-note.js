// The note of who is cut off, by their network or by silence: what becomes of place, seats and money.

import { time } from "../lib/dates.js";
import { texts as all } from "../texts/texts.js";
import { byId, setTextOrHide } from "../ui/dom.js";

const AWAY_MS = 2_000; // a connection that is back before says nothing
const texts = all.event.offline;

/** Since when the server has been silent; 0 while it is not. */
let awaySince = 0;

/**
 * Draw the note.
 * @param {string} status of the connection
 * @param {{hasPlace: boolean, heldUntil: string, isAsked: boolean, isPaying: boolean}} standing
 *   `isAsked`: the visitor has pressed Pay, and the server has not answered
 */
export function drawOfflineNote(status, standing) {
  awaySince = status === "away" ? awaySince || Date.now() : 0;
  const isAway = awaySince > 0 && Date.now() - awaySince >= AWAY_MS;
  const lead = status === "offline" ? texts.lead : isAway ? texts.leadAway : "";
  setTextOrHide(byId("offline"), lead && `${lead} ${noteOf(standing)}`);
}

/** @param {Parameters<typeof drawOfflineNote>[1]} standing */
function noteOf({ hasPlace, heldUntil, isAsked, isPaying }) {
  if (isPaying) return texts.paying;
  if (heldUntil) return (isAsked ? texts.asked : texts.held)(time(heldUntil));
  return hasPlace ? texts.place : texts.none;
}
