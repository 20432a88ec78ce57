// What one visitor knows of their standing: frames in, a new standing out; no page, no socket.

/**
 * @typedef {import("../connection/reconnecting-socket.js").Frame} Frame
 * @typedef {object} Place
 * @property {number | null} number
 * @property {string} lane
 * @property {number | null} ahead
 * @property {number} waiting
 * @property {"lobby" | "waiting" | "admitted" | "late"} state
 * @property {[number, number] | null} eta_seconds
 * @property {string} receipt
 * @typedef {{state: string, opens_at?: string, reason?: string}} RoomState
 * @typedef {{id: string, level: string, text: string, at: string}} Message
 *
 * @typedef {object} Standing
 * @property {string} visitor
 * @property {boolean} welcomed
 * @property {number} stopped the close code that keeps us away
 * @property {RoomState | null} room
 * @property {Place | null} place
 * @property {string} claimBy
 * @property {string} expiresAt
 * @property {boolean} claimed whether the server has heard of us since the turn came
 * @property {string} ended why there is no place any more
 * @property {boolean} mayGrow after a recovery, `ahead` may be greater than it was
 * @property {boolean} renumbered the place is another one than we had
 * @property {Message | null} message
 * @property {{code: string, detail: string} | null} problem
 */

/** Who has not been welcomed yet. @type {Standing} */
export const NOBODY = Object.freeze({
  visitor: "",
  welcomed: false,
  stopped: 0,
  room: null,
  place: null,
  claimBy: "",
  expiresAt: "",
  claimed: false,
  ended: "",
  mayGrow: false,
  renumbered: false,
  message: null,
  problem: null,
});

/** What follows from a frame: the frame's type chooses. */
const FRAMES = {
  welcome,
  "queue.joined": joined,
  "queue.position": moved,
  "queue.admitted": admitted,
  "queue.expired": ended,
  "queue.left": left,
  "room.state": roomChanged,
  "room.message": said,
  error: refused,
};

/** Which phase a close code leaves the page in, where it is not `unknown`. */
const STOPS = { 4409: "elsewhere" };

const BEFORE = new Set(["scheduled", "drawing"]);
const JOINABLE = new Set(["scheduled", "drawing", "open", "paused", "recovering"]);
const CLOSED_TO_US = new Set(["line_closed", "line_full"]);

/**
 * The standing after a frame; `asked` is the command that it answers.
 * @param {Standing} standing
 * @param {Frame} frame
 * @param {string | null} [asked]
 * @returns {Standing}
 */
export function hear(standing, frame, asked = null) {
  const take = /** @type {Record<string, any>} */ (FRAMES)[frame.type];
  return take ? take(standing, frame, asked) : standing;
}

/** The phase of the page. @param {Standing} standing */
export function phaseOf({ stopped, welcomed, place, room, ended }) {
  if (stopped) return /** @type {Record<number, string>} */ (STOPS)[stopped] ?? "unknown";
  if (!welcomed) return "connecting";
  if (place) return place.state;
  if (room?.state === "closed" && ended !== "purchase") return "closed";
  return ended ? "expired" : "outside";
}

/** Whether somebody without a place may ask for one. @param {Standing} standing */
export function mayJoin({ place, room }) {
  return !place && JOINABLE.has(room?.state ?? "");
}

/** Whether somebody has a place in the line, before their turn. @param {Standing} standing */
export function waits({ place }) {
  return place?.state === "waiting" || place?.state === "lobby";
}

/** @param {Standing} standing @param {Frame} frame */
function welcome(standing, frame) {
  const known = {
    ...standing,
    visitor: frame.visitor,
    welcomed: true,
    stopped: 0,
    room: frame.room,
    message: frame.message ?? standing.message,
  };
  const same = frame.visitor === standing.visitor;
  if (frame.place) return settle(known, frame, true);
  if (!standing.place || !same) return { ...known, place: null };
  // Who waited joins again (see automatic-commands.js); a turn that is not there any more has passed.
  if (waits(standing) || frame.room.state === "recovering") return known;
  return {
    ...known,
    place: null,
    ended: standing.place.state === "late" ? "late_over" : "pass_over",
  };
}

/** @param {Standing} standing @param {Frame} frame @param {string | null} asked */
function joined(standing, frame, asked) {
  const again = standing.claimed && standing.place?.state === frame.place.state;
  return settle(standing, frame, asked !== null || again);
}

/** @param {Standing} standing @param {Frame} frame */
function moved(standing, frame) {
  const { place } = standing;
  if (!place || !waits(standing)) return standing;
  const { ahead, waiting, eta_seconds } = frame;
  return {
    ...standing,
    place: { ...place, waiting, eta_seconds, ahead: shrunk(standing, ahead) },
    mayGrow: standing.mayGrow && standing.room?.state === "recovering",
  };
}

/** @param {Standing} standing @param {Frame} frame @param {string | null} asked */
function admitted(standing, frame, asked) {
  const place = standing.place ?? { number: null, lane: "main", waiting: 0, receipt: "" };
  const turn = { ...frame, place: { ...place, state: "admitted", ahead: 0, eta_seconds: null } };
  const again = standing.claimed && standing.expiresAt === frame.expires_at;
  return settle(standing, turn, asked !== null || again);
}

/** @param {Standing} standing @param {Frame} frame */
function ended(standing, frame) {
  const { place } = standing;
  const over = { ...standing, claimBy: "", expiresAt: "", claimed: false, problem: null };
  if (frame.reason === "missed" && place) {
    return { ...over, place: { ...place, state: /** @type {const} */ ("late") } };
  }
  return { ...over, place: null, ended: frame.reason };
}

/** @param {Standing} standing */
function left(standing) {
  return {
    ...standing,
    place: null,
    claimBy: "",
    expiresAt: "",
    claimed: false,
    ended: "",
    problem: null,
  };
}

/** @param {Standing} standing @param {Frame} frame */
function roomChanged(standing, { type, ...room }) {
  const changed = { ...standing, room: /** @type {RoomState} */ (room) };
  if (room.state === "recovering") return { ...changed, mayGrow: true };
  if (!standing.place || !waits(standing)) return changed;
  const state = BEFORE.has(room.state)
    ? /** @type {const} */ ("lobby")
    : /** @type {const} */ ("waiting");
  return { ...changed, place: { ...standing.place, state } };
}

/** @param {Standing} standing @param {Frame} frame */
function said(standing, { id, level, text, at }) {
  return { ...standing, message: { id, level, text, at } };
}

/** @param {Standing} standing @param {Frame} frame @param {string | null} asked */
function refused(standing, { problem }, asked) {
  if (asked && !asked.startsWith("queue.")) return standing; // what the box office asked is its own
  const known = { ...standing, problem };
  if (asked === "queue.join" && CLOSED_TO_US.has(problem.code)) {
    return { ...known, place: null, ended: standing.place ? "late_over" : standing.ended };
  }
  if (problem.code !== "not_in_line") return known;
  if (waits(standing)) return { ...known, problem: null };
  return {
    ...known,
    problem: null,
    place: null,
    ended: standing.place ? "late_over" : standing.ended,
  };
}

/**
 * The standing with the place of a frame, and with its pass when the turn has come.
 * @param {Standing} standing @param {Frame} frame @param {boolean} claimed
 */
function settle(standing, { place, claim_by, expires_at }, claimed) {
  const same = standing.place?.number === place.number;
  return {
    ...standing,
    place: { ...place, ahead: same ? shrunk(standing, place.ahead) : place.ahead },
    claimBy: claim_by ?? "",
    expiresAt: expires_at ?? "",
    claimed,
    ended: "",
    problem: null,
    renumbered: Boolean(standing.place?.number) && !same,
    mayGrow: standing.mayGrow && standing.room?.state === "recovering",
  };
}

/**
 * How many are ahead: never more than were, unless a recovery says so.
 * @param {Standing} standing
 * @param {number | null} ahead
 */
function shrunk({ place, mayGrow }, ahead) {
  if (mayGrow || ahead === null || place?.ahead == null) return ahead;
  return Math.min(place.ahead, ahead);
}
