// Calls back who has left the tab when the turn comes: by notification, sound and vibration, each
// opted into and remembered; a wake lock keeps the screen on meanwhile.

import { texts as all } from "../texts/texts.js";
import { byId, control, createElement } from "../ui/dom.js";

const KEY = "rush-call-back";
const WAYS = /** @type {const} */ (["notification", "sound", "vibration", "screen"]);
const VIBRATION_MS = [400, 200, 400, 200, 400];
const TONE_HZ = [660, 880];
const TONE_S = 0.35;
const FLASH_MS = 1_000;
const WAITING = new Set(["lobby", "waiting", "late"]);
const WORKER = "/notification-worker.js";
const texts = all.event.callBack;

/** @typedef {typeof WAYS[number]} Way */

/** @type {Record<Way, boolean>} whether the browser can */
const CAN = {
  notification: "Notification" in window,
  sound: "AudioContext" in window,
  vibration: "vibrate" in navigator,
  screen: "wakeLock" in navigator,
};

/** The ways of calling back that the visitor has chosen. */
export class CallBack {
  /** @type {Set<Way>} */ #chosen = new Set(stored());
  /** @type {AudioContext | null} */ #audio = null;
  /** @type {WakeLockSentinel | null} */ #lock = null;
  #phase = "";
  #isCalling = false;

  constructor() {
    if (this.#chosen.has("notification")) void registerWorker();
    byId("call-back-ways").append(...WAYS.filter((way) => CAN[way]).map((way) => this.#choice(way)));
  }

  /** Follow the phase of the page: call when the turn comes. @param {string} phase */
  follow(phase) {
    const before = this.#phase;
    this.#phase = phase;
    if (phase === "admitted" && WAITING.has(before)) this.#call();
    void this.#keepScreenOn(WAITING.has(phase) && document.visibilityState === "visible");
  }

  /** Return the title of the tab, or by turns the call, until somebody looks. @param {string} title */
  flashed(title) {
    if (document.visibilityState === "visible") this.#isCalling = false;
    const isCall = this.#isCalling && Math.floor(Date.now() / FLASH_MS) % 2 === 0;
    return isCall ? texts.title : title;
  }

  /** @param {Way} way */
  #choice(way) {
    const checked = this.#chosen.has(way) ? { checked: "" } : {};
    const id = `call-back-${way}`;
    const box = createElement("input", { type: "checkbox", id, "data-testid": id, ...checked });
    box.addEventListener("change", () => void this.#choose(way, control(id).checked));
    return createElement("label", { class: "choice-line" }, box, texts.ways[way]);
  }

  /** @param {Way} way @param {boolean} wanted */
  async #choose(way, wanted) {
    if (wanted) this.#chosen.add(way);
    else this.#chosen.delete(way);
    if (way === "sound" && wanted) this.#ring(); // a gesture lets it sound later, too
    if (way === "notification" && wanted) {
      if ((await Notification.requestPermission()) === "granted") void registerWorker();
      else {
        this.#chosen.delete(way);
        control(`call-back-${way}`).checked = false;
      }
    }
    store([...this.#chosen]);
    this.follow(this.#phase);
  }

  #call() {
    this.#isCalling = document.visibilityState === "hidden";
    if (this.#chosen.has("sound")) this.#ring();
    if (this.#chosen.has("vibration")) navigator.vibrate(VIBRATION_MS);
    if (this.#chosen.has("notification") && this.#isCalling) void notify();
  }

  #ring() {
    const audio = (this.#audio ??= new AudioContext());
    TONE_HZ.forEach((hertz, at) => {
      const tone = audio.createOscillator();
      tone.frequency.value = hertz;
      tone.connect(audio.destination);
      tone.start(audio.currentTime + at * TONE_S);
      tone.stop(audio.currentTime + (at + 1) * TONE_S);
    });
  }

  /** @param {boolean} on */
  async #keepScreenOn(on) {
    const wanted = on && this.#chosen.has("screen");
    if (wanted === (this.#lock !== null)) return;
    const lock = this.#lock;
    this.#lock = null;
    await lock?.release();
    if (!wanted) return;
    try {
      this.#lock = await navigator.wakeLock.request("screen");
      this.#lock.addEventListener("release", () => (this.#lock = null));
    } catch {
      // the device refuses, as with a low battery
    }
  }
}

/** Show the notification. On a phone only a service worker may, elsewhere the page itself does, too. */
async function notify() {
  const options = { body: texts.body, tag: "rush-turn", data: location.href };
  try {
    const worker = await navigator.serviceWorker?.getRegistration(WORKER);
    if (worker?.active) return await worker.showNotification(texts.title, options);
    const notification = new Notification(texts.title, options);
    notification.onclick = () => window.focus();
  } catch {
    // refused by the browser: sound, vibration and title call all the same
  }
}

/** Register the service worker that shows notifications; without HTTPS there is none. */
async function registerWorker() {
  try {
    await navigator.serviceWorker?.register(WORKER);
  } catch {
    // a private window, as an example: the page shows the notification itself where it may
  }
}

/** @returns {Way[]} */
function stored() {
  try {
    const ways = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return WAYS.filter((way) => ways.includes(way));
  } catch {
    return [];
  }
}

/** @param {Way[]} ways */
function store(ways) {
  try {
    localStorage.setItem(KEY, JSON.stringify(ways));
  } catch {
    // storage is off: chosen for this visit
  }
}
