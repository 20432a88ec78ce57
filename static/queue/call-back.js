// Calls back who has left the tab when the turn comes: by notification, sound and vibration, each
// opted into and remembered; a wake lock keeps the screen on meanwhile.

import { texts as all } from "../texts/texts.js";
import { byId, control, createElement } from "../ui/dom.js";

const KEY = "rush-call-back";
const WAYS = /** @type {const} */ (["notification", "sound", "vibration", "screen"]);
const VIBRATION_MS = [400, 200, 400, 200, 400];
const TONE_HZ = [660, 880];
const TONE_S = 0.35;
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

  constructor() {
    byId("call-back-ways").append(...WAYS.filter((way) => CAN[way]).map((way) => this.#choice(way)));
  }

  /** Follow the phase of the page: call when the turn comes. @param {string} phase */
  follow(phase) {
    const before = this.#phase;
    this.#phase = phase;
    if (phase === "admitted" && (before === "waiting" || before === "late")) this.#call();
    void this.#keepScreenOn(phase === "waiting" && document.visibilityState === "visible");
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
    if (way === "notification" && wanted && (await Notification.requestPermission()) !== "granted") {
      this.#chosen.delete(way);
      control(`call-back-${way}`).checked = false;
    }
    store([...this.#chosen]);
    this.follow(this.#phase);
  }

  #call() {
    if (this.#chosen.has("sound")) this.#ring();
    if (this.#chosen.has("vibration")) navigator.vibrate(VIBRATION_MS);
    if (this.#chosen.has("notification") && document.visibilityState === "hidden") {
      const notification = new Notification(texts.title, { body: texts.body, tag: "rush-turn" });
      notification.onclick = () => window.focus();
    }
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
