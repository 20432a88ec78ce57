// The page shows one phase at a time, and says in it what the standing says.

import { dateAndTime } from "../lib/dates.js";
import { texts } from "../texts/en.js";
import { part, write, writeIf } from "../ui/dom.js";
import { mayJoin } from "./queue-state.js";

/**
 * @typedef {import("./queue-state.js").Standing} Standing
 * @typedef {{joining: boolean, claiming: boolean, leaving: boolean, again: boolean}} Asking
 */

const words = texts.event;

/**
 * Draw everything but what changes with the clock alone.
 * @param {Standing} standing
 * @param {{phase: string, status: string, name: string, asking: Asking}} now
 */
export function drawPage(standing, { phase, status, name, asking }) {
  const focused = document.activeElement;
  drawPhase(phase);
  drawConnection(status);
  drawTitle(standing, phase, name);
  drawRoom(standing);
  drawOutside(standing);
  drawLate(standing);
  drawExpired(standing);
  drawUnknown(standing);
  drawButtons(standing, phase, asking);
  drawProblem(standing, asking);
  settleFocus(focused);
}

/**
 * Show the parts of a phase; a question that was asked in another phase is void.
 * @param {string} phase
 */
function drawPhase(phase) {
  const { body } = document;
  if (body.dataset.phase !== phase) {
    for (const dialog of document.querySelectorAll("dialog")) if (dialog.open) dialog.close("");
  }
  body.dataset.phase = phase;
  for (const element of document.querySelectorAll("[data-phases]")) {
    const phases = (element.getAttribute("data-phases") ?? "").split(" ");
    /** @type {HTMLElement} */ (element).hidden = !phases.includes(phase);
  }
}

/**
 * Who had the focus on what is gone now gets it on the phase's heading.
 * @param {Element | null} focused
 */
function settleFocus(focused) {
  if (!focused || focused === document.body || isShown(focused)) return;
  const heading = [...document.querySelectorAll("main h2")].find(isShown);
  /** @type {HTMLElement | undefined} */ (heading)?.focus();
}

/** @param {Element} element */
function isShown(element) {
  return element.getClientRects().length > 0;
}

/** @param {string} status */
function drawConnection(status) {
  const connection = part("connection");
  connection.dataset.status = status;
  write(connection, /** @type {Record<string, string>} */ (words.connection)[status]);
}

/** @param {Standing} standing @param {string} phase @param {string} name */
function drawTitle({ place }, phase, name) {
  const title = /** @type {Record<string, any>} */ (words.titles)[phase];
  const said = typeof title === "function" ? title(place?.ahead ?? 0) : title;
  document.title = [said, name, texts.common.brand].filter(Boolean).join(" · ");
}

/** @param {Standing} standing */
function drawRoom({ room }) {
  part("room").hidden = !room;
  if (!room) return;
  const said = /** @type {Record<string, string>} */ (texts.states)[room.state] ?? room.state;
  part("state").dataset.state = room.state;
  write(part("state"), said);
  write(part("state-text"), /** @type {Record<string, string>} */ (words.room)[room.state] ?? "");
  writeIf(part("reason"), room.reason);
}

/** @param {Standing} standing */
function drawOutside(standing) {
  const { outside } = words;
  const over = Boolean(standing.room) && !mayJoin(standing);
  const early = standing.room?.state === "scheduled";
  write(part("outside-title"), over ? outside.draining : outside.title);
  write(part("outside-lead"), over ? outside.drainingLead : outside.lead);
  const opensAt = standing.room?.opens_at;
  const opens = opensAt ? outside.opens(dateAndTime(opensAt)) : "";
  writeIf(part("outside-opens"), early ? [outside.lobby, opens].filter(Boolean).join(" ") : "");
}

/** @param {Standing} standing */
function drawLate({ claimed }) {
  write(part("late-title"), claimed ? words.late.back : words.late.title);
  write(part("late-lead"), claimed ? words.late.backLead : words.late.lead);
}

/** @param {Standing} standing */
function drawExpired(standing) {
  const reasons = /** @type {Record<string, any>} */ (words.expired);
  const [title, lead] = reasons[standing.ended] ?? reasons.other;
  write(part("expired-title"), title);
  write(
    part("expired"),
    `${lead} ${mayJoin(standing) ? words.expired.again : words.expired.noMore}`,
  );
}

/** @param {Standing} standing */
function drawUnknown({ stopped }) {
  const stops = /** @type {Record<string, any>} */ (words.unknown);
  const [title, lead] = stops[stopped] ?? stops.other;
  write(part("unknown-title"), title);
  write(part("unknown-lead"), lead);
}

/** @param {Standing} standing @param {string} phase @param {Asking} asking */
function drawButtons(standing, phase, asking) {
  const joining = asking.joining && !standing.place;
  drawButton(
    "join",
    joining ? words.joining : phase === "expired" ? words.joinAgain : words.join,
    joining,
  );
  drawButton("claim", asking.claiming ? words.claiming : words.claim, asking.claiming);
  drawButton(
    "leave",
    phase === "admitted" ? words.leave.buttonAdmitted : words.leave.button,
    asking.leaving,
  );
  if (!mayJoin(standing)) part("join").hidden = true;
  if (standing.claimed || claimsItself(phase, asking)) part("claim").hidden = true;
  if (standing.stopped === 4404) part("again").hidden = true;
}

/** A page that is looked at says by itself that we are here: nothing flashes up for that moment. */
function claimsItself(/** @type {string} */ phase, /** @type {Asking} */ asking) {
  return phase === "admitted" && asking.claiming && !asking.again;
}

/**
 * A busy button keeps the focus; pressing it again asks nothing more.
 * @param {string} id
 * @param {string} said
 * @param {boolean} busy
 */
function drawButton(id, said, busy) {
  write(part(id), said);
  part(id).setAttribute("aria-disabled", String(busy));
}

/** @param {Standing} standing @param {Asking} asking */
function drawProblem({ problem }, asking) {
  const refused = /** @type {Record<string, string>} */ (words.refused);
  const pending = asking.joining || asking.claiming || asking.leaving;
  if (!problem || (asking.again && !pending)) writeIf(part("problem"), "");
  else
    writeIf(
      part("problem"),
      asking.again ? words.refused.temporary : (refused[problem.code] ?? problem.detail),
    );
}
