// One visitor's page of one event: what the line says is shown, what is pressed is asked of it.

import { Office } from "./booking/booking-controller.js";
import { Line } from "./connection/event-connection.js";
import { passes, Wishes } from "./connection/pending-commands.js";
import { Clock } from "./lib/server-clock.js";
import { drawTurn } from "./queue/admission-panel.js";
import { mustClaim, mustJoinAgain, spreadMs } from "./queue/automatic-commands.js";
import { showMessage } from "./queue/broadcast-banner.js";
import { showEvent } from "./queue/event-details.js";
import { drawPage } from "./queue/phase-view.js";
import { drawTicket } from "./queue/place-card.js";
import { hear, NOBODY, phaseOf } from "./queue/queue-state.js";
import { drawProof } from "./queue/receipt-panel.js";
import { texts } from "./texts/en.js";
import { confirmed } from "./ui/confirm-dialog.js";
import { fill, part } from "./ui/dom.js";
import { announceStanding } from "./ui/live-region.js";

/**
 * @typedef {import("./connection/reconnecting-socket.js").Frame} Frame
 * @typedef {import("./connection/reconnecting-socket.js").Status} Status
 */

const TICK_MS = 500;

const event = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const clock = new Clock();
const line = new Line(event, { onFrame, onStatus });
const wishes = new Wishes((type, members) => line.ask(type, members));
const office = new Office(event, { line, wishes, clock, redraw: () => draw() });

let standing = NOBODY;
let status = /** @type {Status} */ ("connecting");
let name = event;

begin();

function begin() {
  fill();
  press("join", () => wishes.want("queue.join"));
  press("claim", () => wishes.want("queue.claim"));
  press("leave", leave);
  press("here", () => line.start());
  press("again", () => line.start());
  document.addEventListener("visibilitychange", lookedAt);
  addEventListener("pageshow", lookedAt);
  setInterval(drawTimes, TICK_MS);
  line.start();
  draw();
  void showEvent(event).then((shown) => {
    if (!shown) return;
    name = shown.name;
    office.know(shown);
    draw();
  });
}

/** What a button does. @param {string} id @param {() => void} act */
function press(id, act) {
  part(id).addEventListener("click", () => {
    act();
    draw();
  });
}

/** @param {Frame} frame @param {string | null} asked */
function onFrame(frame, asked) {
  if (frame.type === "seats.delta") return office.changed(frame);
  const before = standing;
  standing = hear(standing, frame, asked);
  if (frame.type === "welcome") welcomed(frame);
  wishes.hear(frame, asked);
  office.hear(frame, asked);
  if (mustJoinAgain(before, standing, frame)) wishes.want("queue.join", spreadMs(frame));
  claimWhenSeen();
  draw();
}

/** @param {Frame} frame */
function welcomed(frame) {
  clock.sync(frame.server_time);
  const gone = !frame.place && frame.room.state !== "recovering";
  if (gone && wishes.wants("queue.leave")) standing = hear(standing, { type: "queue.left" });
}

/** @param {Status} now @param {number} [code] */
function onStatus(now, code = 0) {
  status = now;
  if (now === "stopped") standing = { ...standing, stopped: code };
  else if (standing.stopped) standing = { ...standing, stopped: 0, welcomed: false };
  draw();
}

/** The page is looked at again: a sleeping phone may have lost its connection, or its turn came. */
function lookedAt() {
  if (document.visibilityState !== "visible") return;
  line.probe();
  office.seen();
  claimWhenSeen();
  draw();
}

/** "I am here", as soon as somebody is. */
function claimWhenSeen() {
  if (mustClaim(standing) && document.visibilityState === "visible") wishes.want("queue.claim");
}

/** Leave, when that is really meant; a turn that has come meanwhile takes the question back. */
async function leave() {
  const words = texts.event.leave;
  const turn = phaseOf(standing) === "admitted";
  const yes = await confirmed(part("leaving"), {
    question: turn ? words.titleAdmitted : words.title,
    lead: turn ? words.leadAdmitted : words.lead,
    yes: turn ? words.yesAdmitted : words.yes,
  });
  if (yes) wishes.want("queue.leave");
  draw();
}

function draw() {
  const phase = phaseOf(standing);
  drawPage(standing, { phase, status, name, asking: asking() });
  drawProof(standing);
  showMessage(standing.message);
  office.draw(phase);
  announceStanding(standing, phase);
  drawTimes();
}

/** What changes with the clock alone. */
function drawTimes() {
  drawTicket(standing, { event, clock, away: status !== "open" });
  drawTurn(standing, clock, asking().claiming);
  office.tick();
}

/** What the line has been asked and has not answered. */
function asking() {
  return {
    joining: wishes.wants("queue.join"),
    claiming: wishes.wants("queue.claim"),
    leaving: wishes.wants("queue.leave"),
    again: passes(standing.problem?.code),
  };
}
