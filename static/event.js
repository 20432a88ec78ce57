// The page of one event, for one visitor: it composes connection, queue, seats and booking.

import { BookingLoader } from "./booking-loader.js";
import { EventConnection } from "./connection/event-connection.js";
import { isRetryable, PendingCommands } from "./connection/pending-commands.js";
import { invitation, rememberPlace, rememberedEvents } from "./connection/visitor-session.js";
import { showOwnHistory } from "./history/own-history.js";
import { ServerClock } from "./lib/server-clock.js";
import { drawOwnDraw } from "./lottery/own-draw.js";
import { bindPreference, drawPreference } from "./preference/preference-panel.js";
import { pressHandled, takeEarlyPress } from "./presses/early-press.js";
import { keepPresses } from "./presses/kept-press.js";
import { CallBack } from "./queue/call-back.js";
import { drawAdmission } from "./queue/admission-panel.js";
import { mustConfirmPresence, mustRejoin, recoveryDelayMs } from "./queue/automatic-commands.js";
import { showBroadcast } from "./queue/broadcast-banner.js";
import { inlinedEvent, showEventDetails } from "./queue/event-details.js";
import { drawOfflineNote } from "./queue/offline-note.js";
import { titleOf } from "./queue/page-title.js";
import { drawPhaseView, keepFocus } from "./queue/phase-view.js";
import { announcePlace, drawPlaceCard } from "./queue/place-card.js";
import { INITIAL, mayJoin, phaseOf, reduce } from "./queue/queue-state.js";
import { drawReceipt } from "./queue/receipt-panel.js";
import { StockNote, drawPriceStock } from "./seats/stock-note.js";
import { texts as all } from "./texts/texts.js";
import { askConfirmation } from "./ui/confirm-dialog.js";
import { byId, control, fillTexts } from "./ui/dom.js";
import { showLanguagePicker } from "./ui/language-picker.js";
import { followPinned } from "./ui/pinned.js";

/**
 * @typedef {import("./connection/reconnecting-socket.js").Frame} Frame
 * @typedef {import("./connection/reconnecting-socket.js").Status} Status
 */

const TICK_MS = 500;

const event = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const clock = new ServerClock();
const connection = new EventConnection(event, { onFrame, onStatus });
const commands = new PendingCommands((type, members) => connection.send(type, members));
const booking = new BookingLoader(event, {
  connection,
  commands,
  clock,
  redraw: () => draw(),
  preferred: () => queueState.preferred,
});

const stock = new StockNote(event, inlinedEvent()?.stock);
let drawnStock = "";
const callBack = new CallBack();

let queueState = { ...INITIAL, room: inlinedEvent() };
/** True for a browser that never was in this line: the page offers to join before it is connected. */
const isNewHere = mayJoin(queueState) && !rememberedEvents().includes(event);
let status = /** @type {Status} */ ("connecting");
let name = "";
/** Sections on sale here; none until they are known, or where a turn is all that the event gives. */
let sold = { sections: /** @type {import("./queue/event-details.js").Event["sections"]} */ ([]), most: 1 };
/** False for an event that sells nothing here. */
let hasSeats = true;

begin();

function begin() {
  keepPresses();
  fillTexts();
  showLanguagePicker();
  followPinned(["offline", "message", "turn", "hold-countdown"], ["choice", "paying"]);
  byId("join-form").addEventListener("submit", (submit) => submit.preventDefault());
  control("code").value = new URLSearchParams(location.search).get("code") ?? "";
  onPress("join", join);
  onPress("claim", () => commands.send("queue.claim"));
  onPress("leave", leave);
  onPress("here", () => connection.start());
  onPress("look", () => booking.load());
  onPress("again", () => connection.start());
  byId("history").addEventListener("toggle", showHistory);
  bindPreference(() => sold, prefer);
  document.addEventListener("visibilitychange", onVisible);
  addEventListener("pageshow", onVisible);
  setInterval(tick, TICK_MS);
  if (takeEarlyPress(event)) join();
  connection.start();
  draw();
  void showEventDetails(event).then((details) => {
    if (!details) return;
    name = details.name;
    hasSeats = details.sections.length > 0;
    sold = { sections: details.sections, most: details.limits.tickets_per_visitor_max ?? 1 };
    booking.setEvent(details);
    stock.set(details.stock);
    draw();
  });
}

/** Join, and load meanwhile what shows the seats. */
function join() {
  pressHandled();
  commands.send("queue.join", 0, joinMembers());
  booking.load();
}

/** Load the visitor's own history when its panel is opened. */
function showHistory() {
  if (/** @type {HTMLDetailsElement} */ (byId("history")).open) void showOwnHistory(event);
}

/** Send what the visitor would like; the last of two is kept. @param {Record<string, unknown>} preference */
function prefer(preference) {
  commands.drop("queue.prefer");
  commands.send("queue.prefer", 0, preference);
}

/** Return the members of a join: the code that the visitor has typed, or that their link brought. */
function joinMembers() {
  const code = control("code").value.trim();
  return { ...invitation(), ...(code ? { code } : {}) };
}

/** Bind a button to an action. @param {string} id @param {() => void} act */
function onPress(id, act) {
  byId(id).addEventListener("click", () => {
    act();
    draw();
  });
}

/** @param {Frame} frame @param {string | null} command */
function onFrame(frame, command) {
  if (frame.type === "seats.delta") return booking.applySeatDelta(frame);
  const before = queueState;
  queueState = reduce(queueState, frame, command);
  clock.standStill(queueState.room?.stopped?.since);
  const hasPlace = Boolean(queueState.place);
  if (frame.type === "welcome" || hasPlace !== Boolean(before.place)) rememberPlace(event, hasPlace);
  if (frame.type === "welcome") onWelcome(frame);
  commands.handleFrame(frame, command);
  const announce = booking.handleFrame(frame, command);
  if (mustRejoin(before, queueState, frame)) commands.send("queue.join", recoveryDelayMs(frame), joinMembers());
  confirmPresenceWhenVisible();
  draw();
  announce();
}

/** @param {Frame} frame */
function onWelcome(frame) {
  clock.sync(frame.server_time);
  const gone = !frame.place && frame.room.state !== "recovering";
  if (gone && commands.isPending("queue.leave"))
    queueState = reduce(queueState, { type: "queue.left" });
  if (!isNewHere || frame.hold || frame.booking) booking.load();
}

/** @param {Status} now @param {number} [closeCode] */
function onStatus(now, closeCode = 0) {
  status = now;
  if (now === "stopped") queueState = { ...queueState, closeCode };
  else if (queueState.closeCode) queueState = { ...queueState, closeCode: 0, welcomed: false };
  draw();
}

/** Probe the connection and confirm presence: a sleeping phone may have missed both. */
function onVisible() {
  if (document.visibilityState !== "visible") return;
  connection.probe();
  booking.onVisible();
  confirmPresenceWhenVisible();
  draw();
}

/** Send `queue.claim` after an admission, once the page is visible. */
function confirmPresenceWhenVisible() {
  if (mustConfirmPresence(queueState) && document.visibilityState === "visible")
    commands.send("queue.claim");
}

/** Ask for confirmation, then send `queue.leave`. An admission meanwhile closes the question. */
async function leave() {
  const texts = all.event.leave;
  const admitted = phaseNow() === "admitted";
  const yes = await askConfirmation(byId("leaving"), {
    question: admitted ? texts.titleAdmitted : texts.title,
    lead: booking.standing.heldUntil
      ? texts.leadHolding
      : admitted
        ? texts.leadAdmitted
        : texts.lead,
    yes: admitted ? texts.yesAdmitted : texts.yes,
  });
  if (yes) commands.send("queue.leave");
  draw();
}

/** Return the phase of the page; who is new here may join before the first welcome. */
function phaseNow() {
  const phase = phaseOf(queueState);
  return phase === "connecting" && isNewHere ? "outside" : phase;
}

/** Return whether the visitor had a place here, now or before. */
function wasInLine() {
  return queueState.endReason !== "" || rememberedEvents().includes(event);
}

function draw() {
  const phase = phaseNow();
  if (queueState.place) booking.load();
  const focused = document.activeElement;
  const { hasBought } = booking.standing;
  drawStock(phase);
  drawnStock = stock.word;
  drawPhaseView(queueState, { phase, status, hasBought, stock: stock.word, pending: pending() });
  byId("code-line").hidden = !control("code").value && (queueState.room?.lanes?.length ?? 0) < 2;
  byId("look").hidden = phase !== "outside" || booking.isLoading;
  if (phase === "closed") byId("history").hidden = !wasInLine();
  drawReceipt(queueState);
  drawPreference(queueState.preferred, sold);
  void drawOwnDraw(queueState.place, queueState.room);
  showBroadcast(queueState.broadcast, event);
  booking.draw(phase);
  placeActions(phase);
  announcePlace(queueState, { phase, stock: stock.word });
  callBack.follow(phase);
  drawTimes();
  keepFocus(focused); // on what has its text by now
}

/**
 * Put giving up behind the seats for who chooses, in the order of the Tab key, too.
 * @param {string} phase
 */
function placeActions(phase) {
  const [actions, office] = [byId("place-actions"), byId("office")];
  const isLast = phase === "admitted" && byId("claim").hidden;
  const stands = office.nextElementSibling === actions;
  if (isLast && !stands) office.after(actions);
  else if (!isLast && stands) office.before(actions);
}

/** Draw what changes with the clock, and everything when the stock has changed. */
function tick() {
  drawTimes();
  if (stock.word !== drawnStock) draw();
}

/** Draw the parts that change with the clock alone. */
function drawTimes() {
  const [phase, { standing }] = [phaseNow(), booking];
  drawOfflineNote(status, { ...standing, hasPlace: queueState.place !== null });
  drawStock(phase);
  const title = titleOf(queueState, { phase, name, standing, stock: stock.word, clock });
  const flashed = callBack.flashed(title);
  if (document.title !== flashed) document.title = flashed; // each time tells the browser's window
  drawPriceStock(queueState, phase);
  drawPlaceCard(queueState, { event, clock, disconnected: status !== "open", stock: stock.word });
  drawAdmission(queueState, clock, { confirming: pending().confirmingPresence, hasSeats });
  booking.tick();
}

/** @param {string} phase */
function drawStock(phase) {
  stock.draw(phase, booking.stock, booking.isAllTaken, queueState.stock);
}

/** Return which queue commands the server has not answered yet. */
function pending() {
  return {
    joining: commands.isPending("queue.join"),
    confirmingPresence: commands.isPending("queue.claim"),
    leaving: commands.isPending("queue.leave"),
    retrying: isRetryable(queueState.problem?.code),
  };
}
