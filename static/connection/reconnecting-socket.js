// A WebSocket that reconnects: it backs off, detects silence, and stays closed on a final close code.

import { waitMs } from "../lib/backoff.js";

const SUBPROTOCOL = "booking-rush.v1";
const RECONNECT_CODES = new Set([1001, 1005, 1006, 1011, 1012, 1013, 4408, 4429]);
const UNAUTHENTICATED = 4401;
const ABNORMAL_CLOSURE = 1006; // RFC 6455: the connection broke without a close frame

const HEARTBEAT_MS = 2_000; // between two checks of the socket
const HANDSHAKE_MS = 10_000; // at most, for opening
const PING_AFTER_MS = 20_000; // without a frame in either direction
const DEAD_AFTER_MS = 45_000; // without a frame from the server
const ASKED_PING_MS = 4_000; // without a frame after a command: ask for a sign of life
const ASKED_DEAD_MS = 8_000; // without a frame after a command
const ANSWER_WITHIN_MS = 8_000; // after a sleep all is silent: ping first, then judge
const LOOKED_AT_WITHIN_MS = 1_000; // the longest wait of a page that somebody looks at
const STABLE_AFTER_MS = 30_000; // then the count of failures begins anew

/**
 * @typedef {"connecting" | "open" | "away" | "offline" | "stopped"} Status
 * @typedef {{type: string, re?: string | null, [member: string]: any}} Frame
 */

/** A socket that stays open: it reports frames and the status of the connection. */
export class ReconnectingSocket {
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #reopenTimer;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #heartbeatTimer;
  /** @type {number | null} */ #retryAfterMs = null;
  #reopenAt = 0; // 0 while nothing waits
  #failures = 0;
  #openingSince = 0;
  #receivedAt = 0;
  #sentAt = 0;
  #askedAt = 0; // the first frame that was sent since the last one came
  #pingedAt = 0; // the first unanswered ping
  #welcomedAt = 0; // the first frame of this socket
  #authentications = 0;
  #generation = 0; // of starts and stops: a late authentication of an older one is ignored
  #everWelcomed = false;

  /**
   * @param {string} path
   * @param {object} listener
   * @param {(frame: Frame) => void} listener.onFrame
   * @param {(status: Status, code?: number) => void} listener.onStatus
   * @param {() => Frame} [listener.ping] makes the frame that asks for an answer
   * @param {(since: number) => Promise<void>} [listener.authenticate] gets the
   *   visitor's cookie after close code 4401; `since`: when the refused socket began to open
   */
  constructor(path, { onFrame, onStatus, ping, authenticate }) {
    this.#url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
    this.#onFrame = onFrame;
    this.#onStatus = onStatus;
    this.#ping = ping;
    this.#authenticate = authenticate;
  }

  #url;
  #onFrame;
  #onStatus;
  #ping;
  #authenticate;

  /** Connect, and reconnect after every failure. */
  start() {
    this.stop();
    this.#heartbeatTimer = setInterval(() => this.#heartbeat(), HEARTBEAT_MS);
    addEventListener("online", this.#online);
    addEventListener("offline", this.#offline);
    document.addEventListener("visibilitychange", this.#looked);
    this.#failures = this.#authentications = 0;
    this.#open();
  }

  /** Close the socket, and stay closed. */
  stop() {
    this.#generation += 1;
    clearInterval(this.#heartbeatTimer);
    clearTimeout(this.#reopenTimer);
    removeEventListener("online", this.#online);
    removeEventListener("offline", this.#offline);
    document.removeEventListener("visibilitychange", this.#looked);
    this.#reopenAt = 0;
    this.#discard();
  }

  /** Send a frame. Return whether a socket was open for it. @param {Frame} frame */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    this.#sentAt = Date.now();
    this.#askedAt ||= this.#sentAt;
    return true;
  }

  /** Check the connection now: somebody looks at the page, perhaps after a sleep. */
  probe() {
    if (!this.#socket) this.#reopenSoon();
    else if (Date.now() - this.#receivedAt >= PING_AFTER_MS) this.#heartbeat();
  }

  #open() {
    clearTimeout(this.#reopenTimer);
    this.#reopenAt = 0;
    this.#discard();
    this.#onStatus(this.#statusWithout());
    const socket = new WebSocket(this.#url, [SUBPROTOCOL]);
    this.#socket = socket;
    this.#openingSince = this.#receivedAt = Date.now();
    this.#sentAt = this.#askedAt = this.#pingedAt = this.#welcomedAt = 0;
    this.#retryAfterMs = null;
    socket.onmessage = (message) => socket === this.#socket && this.#receive(message.data);
    socket.onclose = (close) => socket === this.#socket && this.#closed(close.code);
  }

  /** @param {string} data */
  #receive(data) {
    const frame = /** @type {Frame} */ (JSON.parse(data));
    this.#receivedAt = Date.now();
    this.#askedAt = this.#pingedAt = 0;
    this.#retryAfterMs = typeof frame.retry_after_ms === "number" ? frame.retry_after_ms : null;
    if (!this.#welcomedAt && this.#retryAfterMs === null) this.#welcome();
    this.#onFrame(frame);
  }

  #welcome() {
    this.#welcomedAt = Date.now();
    this.#everWelcomed = true;
    this.#authentications = 0;
    this.#onStatus("open");
  }

  /** @param {number} code */
  #closed(code) {
    if (this.#welcomedAt && Date.now() - this.#welcomedAt >= STABLE_AFTER_MS) this.#failures = 0;
    const [retryAfterMs, since] = [this.#retryAfterMs, this.#openingSince];
    this.#discard();
    if (code === UNAUTHENTICATED && this.#authenticate && this.#authentications < 2) {
      void this.#authenticateAndOpen(since);
    } else if (RECONNECT_CODES.has(code)) {
      this.#reopenLater(retryAfterMs);
    } else {
      this.stop();
      this.#onStatus("stopped", code);
    }
  }

  /** @param {number} since */
  async #authenticateAndOpen(since) {
    this.#authentications += 1;
    const generation = this.#generation;
    const authenticated = await this.#authenticate?.(since).then(
      () => true,
      () => false,
    );
    if (generation !== this.#generation) return;
    if (authenticated) this.#open();
    else this.#reopenLater(null);
  }

  /** @param {number | null} retryAfterMs */
  #reopenLater(retryAfterMs) {
    this.#failures += 1;
    this.#onStatus(this.#statusWithout());
    this.#retryAfterMs = retryAfterMs;
    this.#reopenIn(retryAfterMs ?? waitMs(this.#failures));
  }

  /** End a long wait, but no Retry-After of the server: who looks at the page is no herd. */
  #reopenSoon() {
    const isLong = this.#reopenAt - Date.now() > LOOKED_AT_WITHIN_MS;
    if (isLong && this.#retryAfterMs === null) this.#reopenIn(Math.random() * LOOKED_AT_WITHIN_MS);
  }

  /** @param {number} ms */
  #reopenIn(ms) {
    clearTimeout(this.#reopenTimer);
    this.#reopenAt = Date.now() + ms;
    this.#reopenTimer = setTimeout(() => this.#open(), ms);
  }

  /** Return the status while no socket is open. @returns {Status} */
  #statusWithout() {
    if (!navigator.onLine) return "offline";
    return this.#everWelcomed ? "away" : "connecting";
  }

  #discard() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #heartbeat() {
    const [socket, now] = [this.#socket, Date.now()];
    if (!socket) return;
    if (socket.readyState === WebSocket.CONNECTING) {
      if (now - this.#openingSince > HANDSHAKE_MS) this.#closed(ABNORMAL_CLOSURE);
    } else if (now - this.#receivedAt > DEAD_AFTER_MS && this.#isUnanswered(now)) {
      this.#closed(ABNORMAL_CLOSURE);
    } else if (this.#askedAt && now - this.#askedAt >= ASKED_DEAD_MS && this.#ping) {
      this.#closed(ABNORMAL_CLOSURE);
    } else if (this.#askedAt && !this.#pingedAt && now - this.#askedAt >= ASKED_PING_MS) {
      this.#sendPing(now);
    } else if (now - Math.max(this.#receivedAt, this.#sentAt) >= PING_AFTER_MS) {
      this.#sendPing(now);
    }
  }

  /** @param {number} now */
  #isUnanswered(now) {
    return !this.#ping || (this.#pingedAt > 0 && now - this.#pingedAt > ANSWER_WITHIN_MS);
  }

  /** @param {number} now */
  #sendPing(now) {
    if (this.#ping && this.send(this.#ping())) this.#pingedAt ||= now;
  }

  // The network is back: do not wait for the backoff, only for a Retry-After of the server.
  #online = () => {
    if (!this.#socket && this.#retryAfterMs === null) this.#open();
  };

  // The device knows first: a socket without a network would look open for a long time.
  #offline = () => {
    if (this.#socket) this.#closed(ABNORMAL_CLOSURE);
    else this.#onStatus(this.#statusWithout());
  };

  #looked = () => {
    if (document.visibilityState === "visible") this.probe();
  };
}
