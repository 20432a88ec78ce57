// The booking loader: loads the booking controller and the chart when somebody has use for them, and replays what was missed.

import { requestChart } from "./connection/chart-request.js";

/**
 * @typedef {import("./connection/reconnecting-socket.js").Frame} Frame
 * @typedef {import("./booking/booking-controller.js").BookingController} BookingController
 */

const RETRY_MS = 2_000;
const NOTHING = { heldUntil: "", isAsked: false, isPaying: false, hasBought: false, booking: "" };

/** A stand-in for the booking controller until that is loaded. */
export class BookingLoader {
  /** @type {BookingController | null} */ #controller = null;
  /** @type {[Frame, string | null][]} */ #missed = []; // from the last welcome on
  #loading = false;
  /** @type {any} */ #details = null;
  #phase = "connecting";
  #event;
  #context;

  /**
   * @param {string} event
   * @param {ConstructorParameters<typeof BookingController>[2]} context
   */
  constructor(event, context) {
    this.#event = event;
    this.#context = context;
  }

  /** Load the controller and the chart side by side, unless they are loaded already. */
  load() {
    if (this.#loading) return;
    this.#loading = true;
    const chart = requestChart(this.#event);
    chart.catch(() => {}); // the controller asks again
    import("./booking/booking-controller.js").then(
      (module) => this.#start(module, chart),
      () => setTimeout(() => this.#retry(), RETRY_MS),
    );
  }

  /** Set the event's shows and limits. @param {import("./queue/event-details.js").Event} details */
  setEvent(details) {
    this.#details = details;
    this.#controller?.setEvent(details);
  }

  /**
   * Apply a frame, or keep it. Return what announces it, to be called once it is drawn.
   * @param {Frame} frame @param {string | null} command
   * @returns {() => void}
   */
  handleFrame(frame, command) {
    if (this.#controller) return this.#controller.handleFrame(frame, command);
    if (frame.type === "welcome") this.#missed = [];
    if (!frame.type.startsWith("queue.")) this.#missed.push([frame, command]);
    return () => {};
  }

  /** Return whether the controller is loaded, or about to be. */
  get isLoading() {
    return this.#loading;
  }

  /** Return where hold, payment and booking stand. */
  get standing() {
    return this.#controller?.standing ?? NOTHING;
  }

  /** Return the stock of the event as the map has it. */
  get stock() {
    return this.#controller?.stock ?? "unknown";
  }

  /** Return whether the map has nothing free. */
  get isAllTaken() {
    return this.#controller?.isAllTaken ?? false;
  }

  /** Apply a change of seats; nobody has subscribed before the controller is there. */
  applySeatDelta(/** @type {Frame} */ frame) {
    this.#controller?.applySeatDelta(frame);
  }

  onVisible() {
    this.#controller?.onVisible();
  }

  /** @param {string} phase of the page */
  draw(phase) {
    this.#phase = phase;
    this.#controller?.draw(phase);
  }

  tick() {
    this.#controller?.tick();
  }

  #retry() {
    this.#loading = false;
    this.load();
  }

  /** @param {typeof import("./booking/booking-controller.js")} module @param {ReturnType<typeof requestChart>} chart */
  #start({ BookingController }, chart) {
    const controller = new BookingController(this.#event, chart, this.#context);
    this.#controller = controller;
    if (this.#details) controller.setEvent(this.#details);
    controller.draw(this.#phase);
    for (const [frame, command] of this.#missed) controller.handleFrame(frame, command);
    this.#missed = [];
    this.#context.redraw();
  }
}
