// A socket that comes back by itself: it backs off, notices silence, and stays away when told to.

import { waitMs } from "../lib/backoff.js";

const SUBPROTOCOL = "booking-rush.v1";
const RETURNS = new Set([1001, 1005, 1006, 1011, 1012, 1013, 4408, 4429]);
const NOT_AUTHENTICATED = 4401;
const LOST = 1006; // what browsers call a connection that broke

const BEAT_MS = 5_000; // how often a living socket is looked at
const OPENING_MS = 10_000; // for a handshake
const QUIET_MS = 20_000; // then we say something
const SILENT_MS = 45_000; // then nobody is there
const ANSWER_MS = 8_000; // a sleeping page finds everything silent: it asks before it judges
const HEALTHY_MS = 30_000; // then earlier failures are forgotten

/**
 * @typedef {"connecting" | "open" | "away" | "stopped"} Status
 * @typedef {{type: string, re?: string | null, [member: string]: any}} Frame
 */

/** Keeps one WebSocket; tells frames and the connection's status. */
export class ReturningSocket {
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #return;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #heart;
  /** @type {number | null} */ #hintMs = null;
  #failures = 0;
  #beganAt = 0;
  #heardAt = 0;
  #sentAt = 0;
  #askedAt = 0; // the first ping that nobody has answered
  #welcomedAt = 0; // the first frame of this socket
  #renewals = 0;
  #life = 0; // counts starts and stops
  #known = false; // whether any socket was ever welcomed

  /**
   * @param {string} path
   * @param {object} listener
   * @param {(frame: Frame) => void} listener.onFrame
   * @param {(status: Status, code?: number) => void} listener.onStatus
   * @param {() => Frame} [listener.ping] what to say when it is quiet
   * @param {(since: number) => Promise<void>} [listener.renew] what to do when we are nobody
   */
  constructor(path, { onFrame, onStatus, ping, renew }) {
    this.#url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
    this.#onFrame = onFrame;
    this.#onStatus = onStatus;
    this.#ping = ping;
    this.#renew = renew;
  }

  #url;
  #onFrame;
  #onStatus;
  #ping;
  #renew;

  /** Connect, and stay connected. */
  start() {
    this.stop();
    this.#heart = setInterval(() => this.#beat(), BEAT_MS);
    addEventListener("online", this.#online);
    this.#failures = this.#renewals = 0;
    this.#open();
  }

  /** Let go. */
  stop() {
    this.#life += 1;
    clearInterval(this.#heart);
    clearTimeout(this.#return);
    removeEventListener("online", this.#online);
    this.#drop();
  }

  /** Send a frame; whether there was an open socket for it. @param {Frame} frame */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    this.#sentAt = Date.now();
    return true;
  }

  /** The page is looked at again: find out now whether the connection outlived its sleep. */
  probe() {
    if (Date.now() - this.#heardAt >= QUIET_MS) this.#beat();
  }

  #open() {
    clearTimeout(this.#return);
    this.#drop();
    this.#onStatus(this.#known ? "away" : "connecting");
    const socket = new WebSocket(this.#url, [SUBPROTOCOL]);
    this.#socket = socket;
    this.#beganAt = this.#heardAt = Date.now();
    this.#sentAt = this.#askedAt = this.#welcomedAt = 0;
    this.#hintMs = null;
    socket.onmessage = (message) => socket === this.#socket && this.#hear(message.data);
    socket.onclose = (close) => socket === this.#socket && this.#closed(close.code);
  }

  /** @param {string} data */
  #hear(data) {
    const frame = /** @type {Frame} */ (JSON.parse(data));
    this.#heardAt = Date.now();
    this.#askedAt = 0;
    this.#hintMs = typeof frame.retry_after_ms === "number" ? frame.retry_after_ms : null;
    if (!this.#welcomedAt) this.#welcome();
    this.#onFrame(frame);
  }

  #welcome() {
    this.#welcomedAt = Date.now();
    this.#known = true;
    this.#renewals = 0;
    this.#onStatus("open");
  }

  /** @param {number} code */
  #closed(code) {
    if (this.#welcomedAt && Date.now() - this.#welcomedAt >= HEALTHY_MS) this.#failures = 0;
    const [hintMs, since] = [this.#hintMs, this.#beganAt];
    this.#drop();
    if (code === NOT_AUTHENTICATED && this.#renew && this.#renewals < 2) {
      void this.#renewAndOpen(since);
    } else if (RETURNS.has(code)) {
      this.#comeBack(hintMs);
    } else {
      this.stop();
      this.#onStatus("stopped", code);
    }
  }

  /** @param {number} since */
  async #renewAndOpen(since) {
    this.#renewals += 1;
    const life = this.#life;
    const renewed = await this.#renew?.(since).then(
      () => true,
      () => false,
    );
    if (life !== this.#life) return;
    if (renewed) this.#open();
    else this.#comeBack(null);
  }

  /** @param {number | null} hintMs */
  #comeBack(hintMs) {
    this.#failures += 1;
    this.#onStatus(this.#known ? "away" : "connecting");
    this.#hintMs = hintMs;
    this.#return = setTimeout(() => this.#open(), hintMs ?? waitMs(this.#failures));
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #beat() {
    const [socket, now] = [this.#socket, Date.now()];
    if (!socket) return;
    if (socket.readyState === WebSocket.CONNECTING) {
      if (now - this.#beganAt > OPENING_MS) this.#closed(LOST);
    } else if (now - this.#heardAt > SILENT_MS && this.#isUnanswered(now)) {
      this.#closed(LOST);
    } else if (now - Math.max(this.#heardAt, this.#sentAt) >= QUIET_MS) {
      this.#say(now);
    }
  }

  /** @param {number} now */
  #isUnanswered(now) {
    return !this.#ping || (this.#askedAt > 0 && now - this.#askedAt > ANSWER_MS);
  }

  /** @param {number} now */
  #say(now) {
    if (this.#ping && this.send(this.#ping())) this.#askedAt ||= now;
  }

  // The network is back: waiting longer helps nobody, unless the server asked us to.
  #online = () => {
    if (!this.#socket && this.#hintMs === null) this.#open();
  };
}
