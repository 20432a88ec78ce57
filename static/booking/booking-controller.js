// The box office on the visitor's page: seats are watched, chosen, held, paid, and become tickets.

import { ask } from "../lib/api.js";
import { waitMs } from "../lib/backoff.js";
import { spreadMs } from "../queue/automatic-commands.js";
import { House } from "../seats/seat-inventory.js";
import { Watch } from "../seats/seat-subscription.js";
import { SeatView } from "../seats/seats-view.js";
import { NOTHING, without } from "../seats/selection.js";
import { lostText } from "../seats/selection-panel.js";
import { texts } from "../texts/en.js";
import { part } from "../ui/dom.js";
import { alarm, tell } from "../ui/live-region.js";
import { hold, listen, pick } from "./booking-actions.js";
import { Bookings } from "./booking-list.js";
import { drawPatience } from "./booking-panel.js";
import * as booths from "./booking-state.js";
import { drawOffice, watchFocus } from "./booking-view.js";
import { drawHoldTimes, fillMethods } from "./hold-panel.js";
import { Inquiry } from "./status-poll.js";

/**
 * @typedef {import("../connection/reconnecting-socket.js").Frame} Frame
 * @typedef {import("./booking-state.js").Booking} Booking
 * @typedef {import("../seats/section-map.js").Shown} Shown
 * @typedef {import("../connection/pending-commands.js").Wishes} Wishes
 */

const words = texts.seats;
const TICKETS_MAX = 10; // until the event has told its own limit

/** Everything between the turn and the tickets. */
export class Office {
  booth = booths.EMPTY;
  choice = NOTHING;
  /** @type {House | null} */ house = null;
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
   * @param {object} around
   * @param {import("../connection/event-connection.js").Line} around.line
   * @param {Wishes} around.wishes
   * @param {import("../lib/server-clock.js").Clock} around.clock
   * @param {() => void} around.redraw
   */
  constructor(event, { line, wishes, clock, redraw }) {
    this.#event = event;
    this.#clock = clock;
    this.redraw = redraw;
    this.wishes = wishes;
    this.bookings = new Bookings(event);
    this.watch = new Watch(() => line.ask("seats.watch"));
    this.inquiry = new Inquiry(event, {
      onBooking: (booking) => this.take(booking),
      onHold: (id, hold) => this.#holdIs(id, hold),
    });
    this.view = new SeatView({
      onPick: (seat) => pick(this, seat),
      onQuantity: (section, quantity) => hold(this, { section, quantity }),
      redraw,
    });
    fillMethods();
    listen(this);
    void this.load();
  }

  /** What the event says of itself. @param {import("../queue/event-details.js").Event} found */
  know({ shows, limits }) {
    this.shows = shows;
    this.#most = limits?.tickets_per_visitor_max ?? TICKETS_MAX;
  }

  /** The page is looked at. */
  seen() {
    this.watch.seen();
  }

  /** How many tickets may still be booked. */
  most() {
    return Math.max(0, this.#most - this.bookings.quantity());
  }

  /** Take a frame. @param {Frame} frame @param {string | null} asked */
  hear(frame, asked) {
    const before = this.booth;
    this.booth = booths.hear(before, frame, asked);
    const news = this.watch.hear(frame, asked);
    if (news) this.view.took(news);
    if (frame.type === "welcome") this.#welcomed(frame);
    else if (frame.type === "room.state") this.#roomChanged(frame);
    else if (frame.type === "hold.created") this.#held(frame.hold);
    else if (frame.type === "hold.extended") tell(words.hold.extended(this.#left()));
    else if (frame.type === "booking.updated") this.#updated(frame.booking);
    else if (frame.type === "error" && asked === "hold.create") this.#refused(frame.problem);
    if (news || asked === "hold.create") this.#lose();
    if (this.booth.ended && !before.ended) alarm(this.#endedText());
  }

  /** Take a change of some seats: it comes often, and changes little. @param {Frame} frame */
  changed(frame) {
    const [news, before] = [this.watch.hear(frame, null), this.choice];
    if (!news) return;
    this.view.took(news);
    this.#lose();
    if (this.choice !== before) this.redraw();
  }

  /** Show everything. @param {string} phase of the page */
  draw(phase) {
    this.phase = phase;
    this.choice = this.mode() === "choosing" ? this.choice : NOTHING;
    const focus = watchFocus();
    drawOffice(this);
    focus(this.booth);
    this.tick();
  }

  /** Show what changes with the clock alone. */
  tick() {
    const { hold, booking } = this.booth;
    drawHoldTimes(this.booth, this.#clock);
    const what = booking ? `${booking.id} ${booking.state}` : "";
    if (this.#told.what !== what) this.#told = { what, at: Date.now() };
    drawPatience(booking, Date.now() - this.#told.at);
    if (booking && booths.isMoving(booking)) {
      this.inquiry.whenQuiet(() => this.inquiry.booking(booking.id));
    } else if (hold?.state === "paying" && !booking) {
      this.inquiry.whenQuiet(() => this.inquiry.booking(hold.id));
    } else if (hold && this.#clock.secondsTo(hold.expires_at) === 0) {
      this.inquiry.whenQuiet(() => this.inquiry.hold(hold.id));
    }
  }

  /** @returns {"looking" | "choosing" | "holding"} */
  mode() {
    if (!booths.isIdle(this.booth)) return "holding";
    return this.phase === "admitted" ? "choosing" : "looking";
  }

  /** What is shown of some seats instead of their state. */
  ours() {
    /** @type {Map<string, Shown>} */
    const ours = new Map();
    for (const seat of this.choice.lost) ours.set(seat, "lost");
    for (const seat of this.choice.seats) ours.set(seat, "chosen");
    for (const seat of this.bookings.seats()) ours.set(seat, "mine");
    for (const { id } of this.booth.hold?.seats ?? []) ours.set(id, "mine");
    return ours;
  }

  async load(tries = 1) {
    const first = this.house === null;
    try {
      const { sections } = await ask(
        "GET",
        `/api/v1/events/${encodeURIComponent(this.#event)}/chart`,
      );
      this.house = new House(sections);
      this.failed = false;
      this.watch.look(this.house);
    } catch {
      this.failed = first;
      if (tries < 3) setTimeout(() => this.load(tries + 1), waitMs(tries));
    }
    this.redraw();
  }

  /** @param {Frame} frame */
  #welcomed({ room, hold }) {
    const { ended } = this.booth;
    this.#doubted = room.state === "recovering" && !hold ? (this.booth.hold?.id ?? "") : "";
    this.inquiry.heard();
    if (ended?.reason === "away") void this.inquiry.booking(ended.hold);
    void this.bookings.load().then(this.redraw);
  }

  /** After a recovery it is asked whether the hold is still there. @param {Frame} frame */
  #roomChanged(frame) {
    if (frame.state === "recovering" || !this.#doubted) return;
    const id = this.#doubted;
    this.#doubted = "";
    setTimeout(() => {
      if (this.booth.hold?.id === id) void this.inquiry.hold(id);
    }, spreadMs(frame));
  }

  /** @param {import("./booking-state.js").Hold} hold */
  #held(hold) {
    this.choice = NOTHING;
    const what = hold.seats.length ? words.seats(hold.quantity) : words.places(hold.quantity);
    tell(words.hold.announce(what, this.#left()));
  }

  /** @param {Booking} booking */
  #updated(booking) {
    this.inquiry.heard();
    this.bookings.took(booking);
    const { hold } = this.booth;
    if (booking.state === "held" && hold?.id === booking.id) void this.inquiry.hold(hold.id);
    if (this.booth.booking?.id !== booking.id) return;
    if (booking.state === "held") tell(words.pay.declined);
    else tell(part("booking-title").textContent ?? "");
  }

  /** What was found out about a booking. @param {Booking} booking */
  take(booking) {
    this.booth = booths.told(this.booth, booking);
    this.bookings.took(booking);
    this.redraw();
  }

  /** @param {string} id @param {import("./booking-state.js").Hold | null} hold */
  #holdIs(id, hold) {
    this.booth = hold ? booths.holdIs(this.booth, hold) : booths.gone(this.booth, id, "expired");
    this.redraw();
  }

  /** @param {{code: string, conflicts?: string[]}} problem */
  #refused({ code, conflicts = [] }) {
    if (code === "seats_taken") this.#give(conflicts);
  }

  /** Chosen seats that somebody else has taken meanwhile are lost; not while we are taking them. */
  #lose() {
    if (this.booth.hold || this.wishes.wants("hold.create")) return;
    const free = new Set(["free", "unknown"]);
    this.#give(
      this.choice.seats.filter((seat) => !free.has(this.house?.stateOf(seat) ?? "unknown")),
    );
  }

  /** @param {string[]} taken */
  #give(taken) {
    const before = this.choice;
    this.choice = without(before, taken);
    if (this.choice !== before) alarm(lostText(this.choice.lost, this.choice.seats.length));
  }

  #endedText() {
    return /** @type {any} */ (words.ended)[this.booth.ended?.reason ?? ""] ?? words.ended.away;
  }

  #left() {
    const { hold } = this.booth;
    const minutes = Math.max(1, Math.floor(this.#clock.secondsTo(hold?.expires_at) / 60));
    return `${minutes} min`;
  }
}
