// The panel "How is my number drawn?": the commitment, and once it is told the seed, with their check.

import { texts as all } from "../texts/texts.js";
import { byId, createElement, renderIfChanged, setText } from "../ui/dom.js";

/**
 * @typedef {import("./order.js").Room} Room
 * @typedef {{number: number | null, receipt: string}} Place
 * @typedef {{event: string, index?: number, window?: number, lane: string, commitment?: string}} Claims of a receipt
 * @typedef {import("./draw-check.js").Drawn} Drawn
 */

const texts = all.event.draw;
let shown = ""; // what the panel was drawn from

/**
 * Draw the panel for a place with an index of a draw; hide it for any other.
 * @param {Place | null} place @param {Room | null} room
 */
export async function drawOwnDraw(place, room) {
  const claims = claimsOf(place?.receipt ?? "");
  byId("draw").hidden = !claims?.index;
  const key = JSON.stringify([place?.receipt, room?.lottery, room?.windows]);
  if (!claims?.index || !place || key === shown) return;
  shown = key;
  const drawn = drawnOf(claims, place, room);
  const checks = await verdictsOf(claims, drawn, room);
  if (key !== shown) return;
  setText(byId("draw-lead"), drawn ? texts.after : claims.window ? texts.window : texts.before);
  renderIfChanged(byId("draw-checks"), checks, () => checks.map(checkLine));
  renderIfChanged(byId("draw-facts"), [claims, drawn], () => facts(claims, drawn));
  const isRight = drawn !== null && checks.every(([, verdict]) => verdict);
  setText(byId("draw-verdict"), isRight ? all.event.history.right : "");
}

/** Return the claims of a receipt (RFC 7515), or null. @param {string} receipt @returns {Claims | null} */
function claimsOf(receipt) {
  const [, body = ""] = receipt.split(".");
  if (!body) return null;
  const plain = atob(body.replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(plain, (one) => one.charCodeAt(0))));
}

/** Return the draw of a place of the lobby, once its seed is told. @param {Claims} claims @param {Place} place @param {Room | null} room @returns {Drawn | null} */
function drawnOf({ index = 0, window = 0, lane }, { number }, room) {
  const { seed, commitment = "", draws = [] } = room?.lottery ?? {};
  const bounds = draws.find((draw) => draw.lane === lane);
  if (window || !seed || !bounds || !number) return null;
  return { seed, commitment, lane, window, first: bounds.first, last: bounds.last, index, number };
}

/**
 * Return each check with its verdict; null: this browser cannot compute it.
 * @param {Claims} claims @param {Drawn | null} drawn @param {Room | null} room
 * @returns {Promise<[keyof typeof texts.checks, boolean | null][]>}
 */
async function verdictsOf({ event, commitment, window }, drawn, room) {
  const published = (window ? room?.windows : room?.lottery)?.commitment ?? "";
  const isPublished = commitment === published && published === firstTold(`${event} ${Boolean(window)}`, published);
  if (!drawn) return [["commitment", isPublished]];
  const { checkDraw } = await import("./draw-check.js");
  const { seed, number } = await checkDraw(drawn);
  return [["commitment", isPublished], ["seed", seed], ["number", number]];
}

/** Return the commitment that this browser was told first, which it keeps. @param {string} of @param {string} commitment */
function firstTold(of, commitment) {
  try {
    const key = `rush-commitment ${of}`;
    if (!localStorage.getItem(key)) localStorage.setItem(key, commitment);
    return localStorage.getItem(key);
  } catch {
    return commitment; // storage is off: the receipt is all that there is
  }
}

/** Return a check as a list item. @param {[keyof typeof texts.checks, boolean | null]} check */
function checkLine([name, verdict]) {
  const { right, wrong, cannot } = all.event.history;
  const said = verdict === null ? cannot : verdict ? right : wrong;
  return createElement("li", { "data-check": name, "data-verdict": String(verdict) }, `${said} ${texts.checks[name]}`);
}

/** Return what the check is computed from. @param {Claims} claims @param {Drawn | null} drawn */
function facts({ commitment = "", index = 0 }, drawn) {
  const before = (drawn?.first ?? 1) - 1;
  const joined = drawn ? texts.ofAll(index - before, drawn.last - before) : all.number(index);
  /** @type {[keyof typeof texts.facts, string][]} */
  const told = [["commitment", commitment], ["index", joined]];
  if (drawn) told.push(["seed", drawn.seed], ["number", all.number(drawn.number)]);
  return told.map(([name, value]) =>
    createElement("div", {}, createElement("dt", {}, texts.facts[name]), createElement("dd", {}, value)),
  );
}
