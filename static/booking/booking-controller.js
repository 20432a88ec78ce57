// The booking controller: holds the booking state, and is the only one that assigns it.

import { waitMs } from "../lib/backoff.js";
import { SeatsView } from "../choosing/seats-view.js";
import { requestChart } from "../connection/chart-request.js";
import { recoveryDelayMs } from "../queue/automatic-commands.js";
import { expandSections } from "../seats/compact-chart.js";
import { setWish } from "../seats/seat-filters.js";
import { SeatInventory } from "../seats/seat-inventory.js";
import { SeatSubscription } from "../seats/seat-subscription.js";
import { texts as all } from "../texts/texts.js";
import { askConfirmation } from "../ui/confirm-dialog.js";
import { byId } from "../ui/dom.js";
import * as actions from "./booking-actions.js";
import { reduce } from "./booking-frames.js";
import { drawWaitingNote, textOf } from "./booking-panel.js";
import * as states from "./booking-state.js";
import { calendarOf, saveFile } from "./calendar-file.js";
import { announceFrame, announceLostSeats, bindButtons, drawBookingView } from "./booking-view.js";
import { restoreContact } from "./contact-field.js";
import { askBeforeEnd, drawHoldTimes, fillMethods } from "./hold-panel.js";
import { pollTarget, StatusPoll } from "./status-poll.js";

/**
 * @typedef {import("../connection/reconnecting-socket.js").Frame} Frame
 * @typedef {import("./booking-actions.js").Change} Change
 */

const CHART_TRIES_MAX = 3;
const texts = all.seats;

/** The controller of seats, hold, payment and bookings on the event page. */
export class BookingController {
  #state;
  /** @type {SeatInventory | null} */ #inventory = null;
  #chartFailed = false;
  #shownBooking = { key: "", since: 0 };
  #clock;
  #commands;
  #redraw;
  #preferred;
  #subscription;
  #poll;
  #seatsView;

  /**
   * @param {string} event
   * @param {ReturnType<typeof requestChart>} chart
   * @param {object} context
   * @param {import("../connection/event-connection.js").EventConnection} context.connection
   * @param {import("../connection/pending-commands.js").PendingCommands} context.commands
   * @param {import("../lib/server-clock.js").ServerClock} context.clock
   * @param {() => void} context.redraw draws the whole page
   * @param {() => import("../seats/seat-filters.js").Wish | null} context.preferred
   */
  constructor(event, chart, { connection, commands, clock, redraw, preferred }) {
    this.#state = states.initialState(event);
    this.#clock = clock;
    this.#commands = commands;
    this.#redraw = redraw;
    this.#preferred = preferred;
    this.#subscription = new SeatSubscription(() => connection.send("seats.watch"));
    this.#poll = new StatusPoll(event, {
      onBooking: (booking) => this.#update((state) => states.applyBooking(state, booking)),
      onHold: (hold) => this.#update((state) => states.applyHold(state, hold)),
      onHoldGone: (id) => this.#update((state) => states.endHold(state, id, "expired")),
    });
    this.#seatsView = new SeatsView({
      onPick: (seats) => this.#pick(seats),
      onSuggest: (seats) => this.#update((state) => states.chooseSeats(state, seats)),
      onQuantity: (section, quantity) =>
        this.#update((state) => actions.createHold(state, commands, { section, quantity })),
      onStanding: (standing) => this.#update((state) => states.chooseStanding(state, standing)),
      redraw,
    });
    fillMethods();
    restoreContact();
    this.#bindButtons();
    void this.#showChart(chart);
  }

  /** Set the event's shows and limits. @param {import("../queue/event-details.js").Event} event */
  setEvent(event) {
    this.#state = states.setEvent(this.#state, event);
  }

  /** Subscribe to seats, if that is due: the page has become visible. */
  onVisible() {
    this.#subscription.onVisible();
  }

  /**
   * Apply a frame, and request what it lacks. Return a function that announces what has changed,
   * to be called once it is drawn: nobody may hear what the page does not show yet.
   * @param {Frame} frame
   * @param {string | null} command the type of the command that the frame answers
   */
  handleFrame(frame, command) {
    const before = this.#state;
    this.#state = reduce(before, frame, command);
    const changes = this.#subscription.handleFrame(frame, command);
    if (changes) this.#seatsView.applyChanges(changes);
    if (changes || command === "hold.create") this.#dropTakenSeats();
    if (frame.type === "welcome") this.#onWelcome();
    else if (frame.type === "room.state") this.#onRoomState(before.unconfirmedHold, frame);
    else if (frame.type === "booking.updated") this.#onBookingUpdated(frame.booking);
    const after = this.#state;
    return () => announceFrame(before, after, frame, this.#clock);
  }

  /** Return where hold, payment and booking stand. */
  get standing() {
    const { hold, booking, bookings } = this.#state;
    const isOpen = states.hasOpenHold(this.#state);
    return {
      heldUntil: isOpen ? (hold?.expires_at ?? "") : "",
      isAsked: this.#commands.isPending("hold.checkout"),
      isPaying: !isOpen && states.isMoving(booking),
      hasBought: [booking, ...bookings].some((one) => one?.state === "confirmed"),
      booking: booking && !isOpen ? textOf(texts.booking.states, booking) : "",
    };
  }

  /** Return the stock of the event as the map has it. */
  get stock() {
    return this.#inventory?.stockOfAll() ?? "unknown";
  }

  /** Return whether the map has nothing free. */
  get isAllTaken() {
    return this.#inventory?.isAllTaken ?? false;
  }

  /** Apply `seats.delta`. It comes often: the page is drawn only if the selection loses a seat. */
  applySeatDelta(/** @type {Frame} */ frame) {
    const changes = this.#subscription.handleFrame(frame, null);
    if (!changes) return;
    const before = this.#state;
    this.#seatsView.applyChanges(changes);
    this.#dropTakenSeats();
    if (this.#state.selection === before.selection) return;
    announceLostSeats(before, this.#state);
    this.#redraw();
  }

  /** Draw everything. @param {string} phase of the page */
  draw(phase) {
    if (phase === "admitted" && this.#state.phase !== "admitted") this.#showWishFirst();
    this.#state = states.setPhase(this.#state, phase);
    drawBookingView(
      {
        state: this.#state,
        inventory: this.#inventory,
        chartFailed: this.#chartFailed,
        seatsView: this.#seatsView,
        pending: this.#pending(),
      },
      {
        onDrop: (seat) => this.#pick([seat]),
        onDropStanding: () => this.#update((state) => states.chooseStanding(state, null)),
        onShow: (booking) => {
          this.#update((state) => states.showBooking(state, booking));
          byId("booking-title").focus();
        },
      },
    );
    this.tick();
  }

  /** Draw what changes with the clock alone, and poll what is overdue. */
  tick() {
    const { hold, booking } = this.#state;
    drawHoldTimes(this.#state, this.#clock);
    const { extending, releasing, paying } = this.#pending();
    askBeforeEnd(states.hasOpenHold(this.#state) ? hold : null, this.#clock, {
      isBusy: extending || releasing || paying,
      onAnswer: (answer) => this.#answerBeforeEnd(answer),
    });
    const key = booking ? `${booking.id} ${booking.state}` : "";
    if (this.#shownBooking.key !== key) this.#shownBooking = { key, since: Date.now() };
    drawWaitingNote(booking, Date.now() - this.#shownBooking.since);
    const isOver = hold !== null && this.#clock.secondsLeft(hold.expires_at) === 0;
    this.#poll.pollWhenQuiet(pollTarget(this.#state, isOver));
  }

  /** Let the map show first what the visitor has said they would like, unless they hold something. */
  #showWishFirst() {
    const wish = this.#state.hold ? null : this.#preferred();
    setWish(wish);
    if (wish?.sections?.[0]) this.#seatsView.section = wish.sections[0];
  }

  /** @param {string} answer to the question before a hold ends */
  #answerBeforeEnd(answer) {
    if (answer !== "extend" && answer !== "release") return;
    this.#update((state) => actions.sendForHold(state, this.#commands, `hold.${answer}`));
  }

  /** Apply a change to the state as it is now, and draw the page. @param {Change} change */
  #update(change) {
    this.#state = change(this.#state);
    this.#redraw();
  }

  #bindButtons() {
    const commands = this.#commands;
    bindButtons({
      hold: () => this.#update((state) => actions.holdSelection(state, commands)),
      extend: () => this.#update((state) => actions.sendForHold(state, commands, "hold.extend")),
      release: () => this.#release(),
      pay: () => this.#update((state) => actions.checkOut(state, commands)),
      cancel: () => this.#cancel(),
      print: () => print(),
      calendar: () => this.#saveCalendar(),
      "booking-close": () => this.#update(states.dismiss),
      "ended-close": () => this.#update(states.dismiss),
      "seats-again": () => this.#showChart(requestChart(this.#state.event)),
    });
  }

  /** @param {string[]} seats */
  #pick(seats) {
    this.#update((state) => states.pickSeats(state, seats));
  }

  async #release() {
    if (!(await askConfirmation(byId("asking"), texts.hold.ask))) return;
    this.#update((state) => actions.sendForHold(state, this.#commands, "hold.release"));
  }

  #saveCalendar() {
    const { booking, details } = this.#state;
    if (!booking) return;
    const text = calendarOf(booking, details, { now: Date.now(), page: location.href });
    saveFile(`${booking.reference}.ics`, text);
  }

  async #cancel() {
    const { booking } = this.#state;
    if (!booking || !(await askConfirmation(byId("asking"), texts.booking.ask))) return;
    this.#update(states.startCancelling);
    this.#update(await actions.cancelBooking(booking.id));
  }

  /** Show the seats of a chart; one that does not come is requested again. @param {ReturnType<typeof requestChart>} chart */
  async #showChart(chart, tries = 1) {
    const isFirst = this.#inventory === null;
    try {
      this.#inventory = new SeatInventory(expandSections(await chart));
      this.#chartFailed = false;
      this.#subscription.subscribe(this.#inventory);
    } catch {
      this.#chartFailed = isFirst;
      const again = () => this.#showChart(requestChart(this.#state.event), tries + 1);
      if (tries < CHART_TRIES_MAX) setTimeout(again, waitMs(tries));
    }
    this.#redraw();
  }

  #onWelcome() {
    const { ended } = this.#state;
    this.#poll.postpone();
    if (ended?.reason === "away") void this.#poll.pollBooking(ended.hold);
    void actions.loadBookings().then((change) => this.#update(change));
  }

  /**
   * Poll a hold that a recovering event did not know, once the event is back.
   * @param {string} hold @param {Frame} frame
   */
  #onRoomState(hold, frame) {
    if (!hold || this.#state.unconfirmedHold) return;
    setTimeout(() => {
      if (this.#state.hold?.id === hold) void this.#poll.pollHold(hold);
    }, recoveryDelayMs(frame));
  }

  /** @param {import("./booking-state.js").Booking} booking */
  #onBookingUpdated({ id, state }) {
    this.#poll.postpone();
    if (state === "held" && this.#state.hold?.id === id) void this.#poll.pollHold(id);
  }

  /** Drop selected seats that others have taken; not while our own hold is taking them. */
  #dropTakenSeats() {
    if (this.#state.hold || this.#commands.isPending("hold.create")) return;
    const stateOf = (/** @type {string} */ seat) => this.#inventory?.stateOf(seat) ?? "unknown";
    this.#state = states.dropTakenSeats(this.#state, stateOf);
  }

  /** Return which commands of booking the server has not answered yet. */
  #pending() {
    const commands = this.#commands;
    return {
      creating: commands.isPending("hold.create"),
      extending: commands.isPending("hold.extend"),
      releasing: commands.isPending("hold.release"),
      paying: commands.isPending("hold.checkout"),
      retried: commands.isRetried("hold.create") || commands.isRetried("hold.checkout"),
    };
  }
}
