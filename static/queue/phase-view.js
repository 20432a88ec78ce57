// The phase view: shows the parts of the page's one phase, with texts and buttons from the queue state.

import { openingDateAndTime, withValues } from "../lib/dates.js";
import { roomText, shownState, stateText } from "../lib/sale-state.js";
import { orderOf, withSeconds } from "../lottery/order.js";
import { texts as all } from "../texts/texts.js";
import { byId, setText, setTextOrHide } from "../ui/dom.js";
import { inlinedEvent } from "./event-details.js";
import { mayJoin } from "./queue-state.js";

/**
 * @typedef {import("./queue-state.js").QueueState} QueueState
 * @typedef {{joining: boolean, confirmingPresence: boolean, leaving: boolean, retrying: boolean}}
 *   Pending which commands are not answered yet; `retrying`: one was refused for the moment
 */

const texts = all.event;

/**
 * Draw the phase, except for what changes with the clock alone.
 * @param {QueueState} queueState
 * @param {{phase: string, status: string, hasBought: boolean, stock: string, pending: Pending}} now
 *   `hasBought`: a booking is confirmed; `stock`: `held` or `gone` where nothing is free, else ""
 */
export function drawPhaseView(queueState, { phase, status, hasBought, stock, pending }) {
  drawPhase(phase);
  drawConnection(status);
  drawRoom(queueState, stock);
  drawOutside(queueState, stock);
  drawLate(queueState);
  drawExpired(queueState, hasBought);
  drawUnknown(queueState);
  drawButtons(queueState, { phase, hasBought, stock, pending });
  drawProblem(queueState, pending);
}

/**
 * Show the parts of a phase, and close dialogs of the phase before.
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
 * Move the focus to the heading of its panel, or else of the page, when its element was hidden.
 * @param {Element | null} focused the active element before drawing
 */
export function keepFocus(focused) {
  if (!focused || focused === document.body || isShown(focused)) return;
  if (document.activeElement !== focused && document.activeElement !== document.body) return;
  const panel = focused.closest("section");
  const headings = [...(panel?.querySelectorAll("h2") ?? []), ...document.querySelectorAll("main h2")];
  const heading = headings.find((one) => isShown(one) && one.hasAttribute("tabindex"));
  /** @type {HTMLElement | undefined} */ (heading)?.focus();
}

/** @param {Element} element */
function isShown(element) {
  return element.getClientRects().length > 0;
}

/** @param {string} status */
function drawConnection(status) {
  const connection = byId("connection");
  connection.dataset.status = status;
  setText(connection, /** @type {Record<string, string>} */ (texts.connection)[status]);
}

/** @param {QueueState} queueState @param {string} stock */
function drawRoom({ room }, stock) {
  byId("room").hidden = !room;
  if (!room) return;
  const state = shownState(room, stock);
  byId("state").dataset.state = state;
  setText(byId("state"), stateText(state));
  setText(byId("state-text"), roomText(room, stock));
  setTextOrHide(byId("reason"), room.stopped?.reason ?? room.reason);
}

/** @param {QueueState} queueState @param {string} stock */
function drawOutside(queueState, stock) {
  const { outside } = texts;
  const over = Boolean(queueState.room) && !mayJoin(queueState);
  const early = queueState.room?.state === "scheduled";
  const words = /** @type {Record<string, string>} */ (all.stock.states);
  setText(byId("outside-title"), over ? outside.draining : (words[stock] ?? outside.title));
  const { room } = queueState;
  const order = /** @type {Record<string, {lead: string, early?: string}>} */ (texts.orders)[orderOf(room)];
  setText(byId("outside-lead"), over ? outside.drainingLead : stock ? outside.noneLead : withSeconds(order.lead, room));
  const opensAt = queueState.room?.opens_at;
  const when = opensAt ? openingDateAndTime(opensAt, inlinedEvent()?.shows) : "";
  const opens = when && withValues(outside.opens, { when });
  setTextOrHide(
    byId("outside-opens"),
    early ? [order.early, opens].filter(Boolean).join(" ") : "",
  );
}

/** @param {QueueState} queueState */
function drawLate({ presenceConfirmed }) {
  setText(byId("late-title"), presenceConfirmed ? texts.late.back : texts.late.title);
  setText(byId("late-lead"), presenceConfirmed ? texts.late.backLead : texts.late.lead);
}

/** @param {QueueState} queueState @param {boolean} hasBought */
function drawExpired(queueState, hasBought) {
  const [title, lead] = endOf(queueState, hasBought);
  setText(byId("expired-title"), title);
  setText(
    byId("expired"),
    `${lead} ${mayJoin(queueState) ? texts.expired.again : texts.expired.noMore}`,
  );
}

/**
 * Return title and lead of why there is no place any more.
 * @param {QueueState} queueState @param {boolean} hasBought @returns {string[]}
 */
export function endOf({ endReason }, hasBought) {
  const reasons = /** @type {Record<string, any>} */ (texts.expired);
  return reasons[endReason === "purchase" && !hasBought ? "other" : endReason] ?? reasons.other;
}

/** Return title and lead of why a socket stays closed. @param {number} closeCode @returns {string[]} */
export function endOfConnection(closeCode) {
  const byCode = /** @type {Record<string, any>} */ (texts.unknown);
  return byCode[closeCode] ?? byCode.other;
}

/** @param {QueueState} queueState */
function drawUnknown({ closeCode }) {
  const [title = "", lead = ""] = endOfConnection(closeCode);
  setText(byId("unknown-title"), title);
  setText(byId("unknown-lead"), lead);
}

/**
 * @param {QueueState} queueState
 * @param {{phase: string, hasBought: boolean, stock: string, pending: Pending}} now
 */
function drawButtons(queueState, { phase, hasBought, stock, pending }) {
  const joining = pending.joining && !queueState.place;
  drawButton(
    "join",
    joining ? texts.joining : phase === "expired" ? texts.joinAgain : texts.join,
    joining,
  );
  drawButton(
    "claim",
    pending.confirmingPresence ? texts.confirmingPresence : texts.confirmPresence,
    pending.confirmingPresence,
  );
  drawButton(
    "leave",
    phase === "admitted" ? texts.leave.buttonAdmitted : texts.leave.button,
    pending.leaving,
  );
  if (!mayJoin(queueState)) byId("join").hidden = true;
  byId("join").classList.toggle("main", !stock && (phase === "outside" || !hasBought));
  if (queueState.presenceConfirmed || confirmsByItself(phase, pending)) byId("claim").hidden = true;
  if (queueState.closeCode === 4404) byId("again").hidden = true;
}

/** Return whether the page confirms presence on its own: the button would only flash up. */
function confirmsByItself(/** @type {string} */ phase, /** @type {Pending} */ pending) {
  return phase === "admitted" && pending.confirmingPresence && !pending.retrying;
}

/**
 * Draw a button. A busy one keeps the focus, so it is `aria-disabled` and not `disabled`.
 * @param {string} id
 * @param {string} text
 * @param {boolean} busy
 */
function drawButton(id, text, busy) {
  setText(byId(id), text);
  byId(id).setAttribute("aria-disabled", String(busy));
}

/** @param {QueueState} queueState @param {Pending} pending */
function drawProblem({ problem }, pending) {
  const refused = /** @type {Record<string, string>} */ (texts.refused);
  const unanswered = pending.joining || pending.confirmingPresence || pending.leaving;
  if (!problem || (pending.retrying && !unanswered)) setTextOrHide(byId("problem"), "");
  else
    setTextOrHide(
      byId("problem"),
      pending.retrying ? texts.refused.temporary : (refused[problem.code] ?? problem.detail),
    );
}
