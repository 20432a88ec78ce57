// What the organisers say to everybody, as a banner that stays until it is dismissed.

import { time } from "../lib/dates.js";
import { texts } from "../texts/en.js";
import { make, part } from "../ui/dom.js";

/** @typedef {import("./queue-state.js").Message} Message */

const words = texts.event.message;
const ROLES = { info: "status", warning: "status", urgent: "alert" };
const DISMISSED = "rush-dismissed";

let shown = "";

/** Show a message, unless it was dismissed. @param {Message | null} message */
export function showMessage(message) {
  if (!message || message.id === shown || dismissed().includes(message.id)) return;
  shown = message.id;
  part("message").replaceChildren(banner(message));
}

/** @param {Message} message */
function banner(message) {
  const level = message.level in ROLES ? /** @type {keyof typeof ROLES} */ (message.level) : "info";
  const close = make("button", { type: "button", "aria-label": texts.common.dismiss }, "×");
  close.addEventListener("click", () => dismiss(message.id));
  return make(
    "div",
    { class: "banner", "data-level": level, role: ROLES[level] },
    make(
      "div",
      {},
      make("p", { class: "label" }, `${words.levels[level]} ${words.at(time(message.at))}`),
      make("p", { class: "said", "data-testid": "message" }, message.text),
    ),
    close,
  );
}

/** @param {string} id */
function dismiss(id) {
  part("message").replaceChildren();
  try {
    sessionStorage.setItem(DISMISSED, JSON.stringify([...dismissed(), id]));
  } catch {
    // storage is off: a dismissed message comes back with the next visit
  }
}

/** @returns {string[]} */
function dismissed() {
  try {
    return JSON.parse(sessionStorage.getItem(DISMISSED) ?? "[]");
  } catch {
    return [];
  }
}
