// One visitor's queue state: a frame in, a new state out. Pure: no page, no socket, no clock.

/**
 * @typedef {import("../connection/reconnecting-socket.js").Frame} Frame
 * @typedef {object} Place
 * @property {number | null} number null before its draw
 * @property {string} lane
 * @property {number} [window] in which one joined
 * @property {boolean} [deferred] one's address block has its share of numbers; this place gets a later one
 * @property {number | null} ahead
 * @property {number} waiting
 * @property {number} [rate] admissions a second
 * @property {"lobby" | "waiting" | "admitted" | "late"} state
 * @property {[number, number] | null} eta_seconds
 * @property {"likely" | "uncertain" | "unlikely" | null} [odds] of getting seats
 * @property {string} receipt
 * @typedef {{since: string, reason?: string}} Stop of the sale
 * @typedef {import("../lottery/order.js").Room} Order
 * @typedef {Order & {opens_at?: string, reason?: string, stopped?: Stop, halted?: boolean,
 *   lanes?: Lane[]}} RoomState
 * @typedef {{price: {amount: number, currency: string}, free: number, word: string}} PriceStock
 * @typedef {{lane: string, weight: number, waiting: number, share: number}} Lane
 * @typedef {{id: string, level: string, text: string, at: string}} Broadcast
 *
 * @typedef {object} QueueState
 * @property {string} visitor
 * @property {boolean} welcomed
 * @property {number} closeCode of a socket that stays closed; 0 otherwise
 * @property {RoomState | null} room
 * @property {Place | null} place
 * @property {string} claimBy
 * @property {string} expiresAt
 * @property {boolean} presenceConfirmed whether the server has seen the visitor since admission
 * @property {string} endReason why there is no place any more
 * @property {boolean} aheadMayGrow after a recovery, `ahead` may be greater than before
 * @property {boolean} renumbered whether the place has another number than the one before
 * @property {Broadcast | null} broadcast
 * @property {PriceStock[]} stock free places by price, the cheapest first
 * @property {{quantity: number, sections?: string[], price_max?: PriceStock["price"]} | null} preferred
 *   what the visitor would like, as the server has it
 * @property {{code: string, detail: string} | null} problem
 */

/** The state before the first welcome. @type {QueueState} */
export const INITIAL = Object.freeze({
  visitor: "",
  welcomed: false,
  closeCode: 0,
  room: null,
  place: null,
  claimBy: "",
  expiresAt: "",
  presenceConfirmed: false,
  endReason: "",
  aheadMayGrow: false,
  renumbered: false,
  broadcast: null,
  stock: [],
  preferred: null,
  problem: null,
});

/** One reducer for each type of frame. */
const REDUCERS = {
  welcome,
  "queue.joined": joined,
  "queue.position": positionChanged,
  "queue.admitted": admitted,
  "queue.expired": expired,
  "queue.left": left,
  "queue.stock": stockChanged,
  "queue.preferred": preferred,
  "room.state": roomChanged,
  "room.message": broadcastReceived,
  error: commandRefused,
};

/** Phases by the close code of the socket; any other code is `unknown`. */
const PHASES = { 4409: "elsewhere" };

const BEFORE_OPENING = new Set(["scheduled", "drawing"]);
const JOINABLE = new Set(["scheduled", "drawing", "open", "paused", "recovering"]);
const JOIN_REFUSALS = new Set(["line_closed", "line_full", "banned", "identity_required", "identity_used"]);

/**
 * Apply a frame. Return the new state; the same object when the frame changes nothing.
 * @param {QueueState} state
 * @param {Frame} frame
 * @param {string | null} [command] the type of the command that the frame answers
 * @returns {QueueState}
 */
export function reduce(state, frame, command = null) {
  const reducer = /** @type {Record<string, any>} */ (REDUCERS)[frame.type];
  return reducer ? reducer(state, frame, command) : state;
}

/** Return the phase of the page. @param {QueueState} state */
export function phaseOf({ closeCode, welcomed, place, room, endReason }) {
  if (closeCode) return /** @type {Record<number, string>} */ (PHASES)[closeCode] ?? "unknown";
  if (!welcomed) return "connecting";
  if (place) return place.state;
  if (room?.state === "closed" && endReason !== "purchase") return "closed";
  return endReason ? "expired" : "outside";
}

/** Return whether a visitor without a place may join. @param {QueueState} state */
export function mayJoin({ place, room }) {
  return !place && JOINABLE.has(room?.state ?? "");
}

/** Return whether the visitor has a place and is not admitted yet. @param {QueueState} state */
export function isWaiting({ place }) {
  return place?.state === "waiting" || place?.state === "lobby";
}

/** @param {QueueState} state @param {Frame} frame */
function welcome(state, frame) {
  const next = {
    ...state,
    visitor: frame.visitor,
    welcomed: true,
    closeCode: 0,
    room: frame.room,
    broadcast: frame.message ?? state.broadcast,
    stock: frame.stock?.prices ?? state.stock,
    preferred: frame.preferred ?? null,
  };
  const same = frame.visitor === state.visitor;
  if (frame.place) return withPlace(next, frame, true);
  if (!state.place || !same) return { ...next, place: null };
  // A waiting visitor rejoins (automatic-commands.js); an admission that is missing here is over.
  if (isWaiting(state) || frame.room.state === "recovering") return next;
  return {
    ...next,
    place: null,
    endReason: state.place.state === "late" ? "late_over" : "pass_over",
  };
}

/** @param {QueueState} state @param {Frame} frame @param {string | null} command */
function joined(state, frame, command) {
  const again = state.presenceConfirmed && state.place?.state === frame.place.state;
  return withPlace(state, frame, command !== null || again);
}

/** @param {QueueState} state @param {Frame} frame */
function positionChanged(state, frame) {
  const { place } = state;
  if (!place || !isWaiting(state)) return state;
  const { ahead, waiting, rate, eta_seconds } = frame;
  return {
    ...state,
    place: { ...place, waiting, rate, eta_seconds, ahead: neverGrowing(state, ahead) },
    aheadMayGrow: state.aheadMayGrow && state.room?.state === "recovering",
  };
}

/** @param {QueueState} state @param {Frame} frame @param {string | null} command */
function admitted(state, frame, command) {
  const before = state.place ?? { number: null, lane: "main", waiting: 0, receipt: "" };
  const place = { ...before, state: "admitted", ahead: 0, eta_seconds: null };
  const again = state.presenceConfirmed && state.expiresAt === frame.expires_at;
  return withPlace(state, { ...frame, place }, command !== null || again);
}

/** @param {QueueState} state @param {Frame} frame */
function expired(state, frame) {
  const { place } = state;
  const next = { ...state, claimBy: "", expiresAt: "", presenceConfirmed: false, problem: null };
  if (frame.reason === "missed" && place) {
    return { ...next, place: { ...place, state: /** @type {const} */ ("late") } };
  }
  return { ...next, place: null, endReason: frame.reason };
}

/** @param {QueueState} state */
function left(state) {
  return {
    ...state,
    place: null,
    claimBy: "",
    expiresAt: "",
    presenceConfirmed: false,
    endReason: "",
    problem: null,
  };
}

/** @param {QueueState} state @param {Frame} frame */
function roomChanged(state, { type, ...room }) {
  const next = { ...state, room: /** @type {RoomState} */ ({ ...lasting(state.room), ...room }) };
  if (room.state === "recovering") return { ...next, aheadMayGrow: true };
  if (room.state === "closed" && state.place) return expired(next, { type, reason: "removed" });
  if (!state.place || !isWaiting(state)) return next;
  const isUndrawn = state.place.number === null; // its draw, not the opening, leads into the line
  const placeState = BEFORE_OPENING.has(room.state) || isUndrawn
    ? /** @type {const} */ ("lobby")
    : /** @type {const} */ ("waiting");
  return { ...next, place: { ...state.place, state: placeState } };
}

/** Return what a room keeps when a frame does not name it. @param {RoomState | null} room */
function lasting(room) {
  const { lanes, fairness, lottery, windows } = room ?? {};
  return { lanes, fairness, lottery, windows };
}

/** @param {QueueState} state @param {Frame} frame */
function stockChanged(state, { stock }) {
  return { ...state, stock: stock.prices };
}

/** @param {QueueState} state @param {Frame} frame */
function preferred(state, { quantity, sections, price_max }) {
  return { ...state, preferred: { quantity, sections, price_max } };
}

/** @param {QueueState} state @param {Frame} frame */
function broadcastReceived(state, { id, level, text, at }) {
  return { ...state, broadcast: { id, level, text, at } };
}

/** @param {QueueState} state @param {Frame} frame @param {string | null} command */
function commandRefused(state, { problem }, command) {
  if (command && !command.startsWith("queue.")) return state; // the booking wing's own
  const next = { ...state, problem };
  const noPlace = { place: null, endReason: state.place ? "late_over" : state.endReason };
  if (command === "queue.join" && JOIN_REFUSALS.has(problem.code)) return { ...next, ...noPlace };
  if (problem.code !== "not_in_line") return next;
  if (isWaiting(state)) return { ...next, problem: null };
  return { ...next, ...noPlace, problem: null };
}

/**
 * Return the state with the place of a frame, and with its pass once the visitor is admitted.
 * @param {QueueState} state @param {Frame} frame @param {boolean} presenceConfirmed
 */
function withPlace(state, { place, claim_by, expires_at }, presenceConfirmed) {
  const same = state.place?.number === place.number;
  return {
    ...state,
    place: { ...place, ahead: same ? neverGrowing(state, place.ahead) : place.ahead },
    claimBy: claim_by ?? "",
    expiresAt: expires_at ?? "",
    presenceConfirmed,
    endReason: "",
    problem: null,
    renumbered: Boolean(state.place?.number) && !same,
    aheadMayGrow: state.aheadMayGrow && state.room?.state === "recovering",
  };
}

/**
 * Return the new `ahead`, and never more than before unless a recovery allows it.
 * @param {QueueState} state
 * @param {number | null} ahead
 */
function neverGrowing({ place, aheadMayGrow }, ahead) {
  if (aheadMayGrow || ahead === null || place?.ahead == null) return ahead;
  return Math.min(place.ahead, ahead);
}
