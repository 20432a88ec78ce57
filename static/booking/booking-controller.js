// The box controller on the visitor's page: seats are watched, chosen, held, paid, and become tickets.

import { request } from "../lib/api.js";
import { waitMs } from "../lib/backoff.js";
import { recoveryDelayMs } from "../queue/automatic-commands.js";
import { SeatInventory } from "../seats/seat-inventory.js";
import { SeatSubscription } from "../seats/seat-subscription.js";
import { SeatsView } from "../seats/seats-view.js";
import { EMPTY_SELECTION, withoutTaken } from "../seats/selection.js";
import { lostSeatsText } from "../seats/selection-panel.js";
import { en } from "../texts/en.js";
import { byId } from "../ui/dom.js";
import { announce, announceUrgently } from "../ui/live-region.js";
import { hold, listen, pick } from "./booking-actions.js";
import { BookingList } from "./booking-list.js";
import { drawWaitingNote } from "./booking-panel.js";
import * as bookingState from "./booking-state.js";
import { drawBookingView, trackFocus } from "./booking-view.js";
import { drawHoldTimes, fillMethods } from "./hold-panel.js";
import { StatusPoll } from "./status-poll.js";

/**
 * @typedef {import("../connection/reconnecting-socket.js").Frame} Frame
 * @typedef {import("./booking-state.js").Booking} Booking
 * @typedef {import("../seats/section-map.js").SeatAppearance} SeatAppearance
 * @typedef {import("../connection/pending-commands.js").PendingCommands} PendingCommands
 */

const texts = en.seats;
const TICKETS_MAX = 10; // until the event has told its own limit

/** Everything between the turn and the tickets. */
export class BookingController {
  state = bookingState.EMPTY;
  selection = EMPTY_SELECTION;
  /** @type {SeatInventory | null} */ inventory = null;
  /** @type {import("../seats/section-list.js").Show[]} */ shows = [];
  failed = false;
  cancelling = false;
  cancelProblem = "";
  phase = "connecting";
  #most = TICKETS_MAX;
  #told = { what: "", at: 0 };
  #doubted = ""; // the hold that a recovering event could not tell us of
  #event;
  #clock;

  /**
   * @param {string} event
   * @param {object} context
   * @param {import("../connection/event-connection.js").EventConnection} context.connection
   * @param {PendingCommands} context.commands
   * @param {import("../lib/server-clock.js").ServerClock} context.clock
   * @param {() => void} context.redraw
   */
  constructor(event, { connection, commands, clock, redraw }) {
    this.#event = event;
    this.#clock = clock;
    this.redraw = redraw;
    this.commands = commands;
    this.bookings = new BookingList(event);
    this.subscription = new SeatSubscription(() => connection.send("seats.watch"));
    this.poll = new StatusPoll(event, {
      onBooking: (booking) => this.take(booking),
      onHold: (id, hold) => this.#holdIs(id, hold),
    });
    this.view = new SeatsView({
      onPick: (seat) => pick(this, seat),
      onQuantity: (section, quantity) => hold(this, { section, quantity }),
      redraw,
    });
    fillMethods();
    listen(this);
    void this.load();
  }

  /** What the event says of itself. @param {import("../queue/event-details.js").Event} found */
  setEvent({ shows, limits }) {
    this.shows = shows;
    this.#most = limits?.tickets_per_visitor_max ?? TICKETS_MAX;
  }

  /** The page is looked at. */
  onVisible() {
    this.subscription.onVisible();
  }

  /** How many tickets may still be booked. */
  most() {
    return Math.max(0, this.#most - this.bookings.quantity());
  }

  /** Take a frame. @param {Frame} frame @param {string | null} command */
  handleFrame(frame, command) {
    const before = this.state;
    this.state = bookingState.hear(before, frame, command);
    const news = this.subscription.handleFrame(frame, command);
    if (news) this.view.applyChanges(news);
    if (frame.type === "welcome") this.#welcomed(frame);
    else if (frame.type === "room.state") this.#roomChanged(frame);
    else if (frame.type === "hold.created") this.#held(frame.hold);
    else if (frame.type === "hold.extended") announce(texts.hold.extended(this.#left()));
    else if (frame.type === "booking.updated") this.#updated(frame.booking);
    else if (frame.type === "error" && command === "hold.create") this.#refused(frame.problem);
    if (news || command === "hold.create") this.#lose();
    if (this.state.ended && !before.ended) announceUrgently(this.#endedText());
  }

  /** Take a change of some seats: it comes often, and changes little. @param {Frame} frame */
  applySeatDelta(frame) {
    const [news, before] = [this.subscription.handleFrame(frame, null), this.selection];
    if (!news) return;
    this.view.applyChanges(news);
    this.#lose();
    if (this.selection !== before) this.redraw();
  }

  /** Show everything. @param {string} phase of the page */
  draw(phase) {
    this.phase = phase;
    this.selection = this.mode() === "choosing" ? this.selection : EMPTY_SELECTION;
    const focus = trackFocus();
    drawBookingView(this);
    focus(this.state);
    this.tick();
  }

  /** Show what changes with the clock alone. */
  tick() {
    const { hold, booking } = this.state;
    drawHoldTimes(this.state, this.#clock);
    const what = booking ? `${booking.id} ${booking.state}` : "";
    if (this.#told.what !== what) this.#told = { what, at: Date.now() };
    drawWaitingNote(booking, Date.now() - this.#told.at);
    if (booking && bookingState.isMoving(booking)) {
      this.poll.whenQuiet(() => this.poll.booking(booking.id));
    } else if (hold?.state === "paying" && !booking) {
      this.poll.whenQuiet(() => this.poll.booking(hold.id));
    } else if (hold && this.#clock.secondsTo(hold.expires_at) === 0) {
      this.poll.whenQuiet(() => this.poll.hold(hold.id));
    }
  }

  /** @returns {"looking" | "choosing" | "holding"} */
  mode() {
    if (!bookingState.isIdle(this.state)) return "holding";
    return this.phase === "admitted" ? "choosing" : "looking";
  }

  /** What is shown of some seats instead of their state. */
  overrides() {
    /** @type {Map<string, SeatAppearance>} */
    const overrides = new Map();
    for (const seat of this.selection.lost) overrides.set(seat, "lost");
    for (const seat of this.selection.seats) overrides.set(seat, "chosen");
    for (const seat of this.bookings.seats()) overrides.set(seat, "mine");
    for (const { id } of this.state.hold?.seats ?? []) overrides.set(id, "mine");
    return overrides;
  }

  async load(tries = 1) {
    const first = this.inventory === null;
    try {
      const { sections } = await request(
        "GET",
        `/api/v1/events/${encodeURIComponent(this.#event)}/chart`,
      );
      this.inventory = new SeatInventory(sections);
      this.failed = false;
      this.subscription.subscribe(this.inventory);
    } catch {
      this.failed = first;
      if (tries < 3) setTimeout(() => this.load(tries + 1), waitMs(tries));
    }
    this.redraw();
  }

  /** @param {Frame} frame */
  #welcomed({ room, hold }) {
    const { ended } = this.state;
    this.#doubted = room.state === "recovering" && !hold ? (this.state.hold?.id ?? "") : "";
    this.poll.postpone();
    if (ended?.reason === "away") void this.poll.booking(ended.hold);
    void this.bookings.load().then(this.redraw);
  }

  /** After a recovery it is command whether the hold is still there. @param {Frame} frame */
  #roomChanged(frame) {
    if (frame.state === "recovering" || !this.#doubted) return;
    const id = this.#doubted;
    this.#doubted = "";
    setTimeout(() => {
      if (this.state.hold?.id === id) void this.poll.hold(id);
    }, recoveryDelayMs(frame));
  }

  /** @param {import("./booking-state.js").Hold} hold */
  #held(hold) {
    this.selection = EMPTY_SELECTION;
    const what = hold.seats.length ? texts.seats(hold.quantity) : texts.places(hold.quantity);
    announce(texts.hold.announce(what, this.#left()));
  }

  /** @param {Booking} booking */
  #updated(booking) {
    this.poll.postpone();
    this.bookings.update(booking);
    const { hold } = this.state;
    if (booking.state === "held" && hold?.id === booking.id) void this.poll.hold(hold.id);
    if (this.state.booking?.id !== booking.id) return;
    if (booking.state === "held") announce(texts.pay.declined);
    else announce(byId("booking-title").textContent ?? "");
  }

  /** What was found out about a booking. @param {Booking} booking */
  take(booking) {
    this.state = bookingState.told(this.state, booking);
    this.bookings.update(booking);
    this.redraw();
  }

  /** @param {string} id @param {import("./booking-state.js").Hold | null} hold */
  #holdIs(id, hold) {
    this.state = hold
      ? bookingState.holdIs(this.state, hold)
      : bookingState.gone(this.state, id, "expired");
    this.redraw();
  }

  /** @param {{code: string, conflicts?: string[]}} problem */
  #refused({ code, conflicts = [] }) {
    if (code === "seats_taken") this.#give(conflicts);
  }

  /** Chosen seats that somebody else has taken meanwhile are lost; not while we are taking them. */
  #lose() {
    if (this.state.hold || this.commands.isPending("hold.create")) return;
    const free = new Set(["free", "unknown"]);
    this.#give(
      this.selection.seats.filter((seat) => !free.has(this.inventory?.stateOf(seat) ?? "unknown")),
    );
  }

  /** @param {string[]} taken */
  #give(taken) {
    const before = this.selection;
    this.selection = withoutTaken(before, taken);
    if (this.selection !== before)
      announceUrgently(lostSeatsText(this.selection.lost, this.selection.seats.length));
  }

  #endedText() {
    return /** @type {any} */ (texts.ended)[this.state.ended?.reason ?? ""] ?? texts.ended.away;
  }

  #left() {
    const { hold } = this.state;
    const minutes = Math.max(1, Math.floor(this.#clock.secondsTo(hold?.expires_at) / 60));
    return `${minutes} min`;
  }
}
