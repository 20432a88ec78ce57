// The broadcast banner: an operator's message to everybody, shown until it is dismissed.

import { time } from "../lib/dates.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement } from "../ui/dom.js";

/** @typedef {import("./queue-state.js").Broadcast} Broadcast */

const texts = all.event.broadcast;
const ROLES = { info: "status", warning: "status", urgent: "alert" };
const DISMISSED_KEY = "rush-dismissed";

let shown = "";
/** @type {Broadcast[]} */
const heard = [];

/** Show a broadcast, unless it was dismissed. @param {Broadcast | null} broadcast */
export function showBroadcast(broadcast) {
  if (!broadcast || broadcast.id === shown || dismissed().includes(broadcast.id)) return;
  shown = broadcast.id;
  const banners = byId("message");
  banners.replaceChildren(banner(broadcast), earlier());
  heard.unshift(broadcast);
}

/** Return the messages heard before, each with its hour; empty where there are none. */
function earlier() {
  if (heard.length === 0) return "";
  const items = heard.map(({ at, text }) =>
    createElement("li", {}, createElement("time", { datetime: at }, time(at)), " ", text),
  );
  return createElement(
    "details",
    { class: "earlier", "data-testid": "earlier-messages" },
    createElement("summary", {}, texts.earlier(heard.length)),
    createElement("ul", {}, ...items),
  );
}

/** @param {Broadcast} broadcast */
function banner(broadcast) {
  const level =
    broadcast.level in ROLES ? /** @type {keyof typeof ROLES} */ (broadcast.level) : "info";
  const close = createElement("button", { type: "button", "aria-label": all.common.dismiss }, "×");
  close.addEventListener("click", () => dismiss(broadcast.id));
  return createElement(
    "div",
    { class: "banner", "data-level": level, role: ROLES[level] },
    createElement(
      "div",
      {},
      createElement(
        "p",
        { class: "label" },
        `${texts.levels[level]} ${texts.at(time(broadcast.at))}`,
      ),
      createElement("p", { class: "said", "data-testid": "message" }, broadcast.text),
    ),
    close,
  );
}

/** @param {string} id */
function dismiss(id) {
  byId("message").replaceChildren(earlier());
  try {
    sessionStorage.setItem(DISMISSED_KEY, JSON.stringify([...dismissed(), id]));
  } catch {
    // storage is off: a dismissed broadcast comes back with the next visit
  }
}

/** @returns {string[]} */
function dismissed() {
  try {
    return JSON.parse(sessionStorage.getItem(DISMISSED_KEY) ?? "[]");
  } catch {
    return [];
  }
}
