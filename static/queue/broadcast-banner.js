// The broadcast banner: an operator's message to everybody, shown until it is dismissed.

import { timeOrDay } from "../lib/dates.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement } from "../ui/dom.js";

/** @typedef {import("./queue-state.js").Broadcast} Broadcast */

const texts = all.event.broadcast;
const ROLES = { info: "status", warning: "status", urgent: "alert" };
const DISMISSED_KEY = "rush-dismissed";
const HEARD_KEY = "rush-heard-";
const HEARD_MAX = 5;

let shown = "";
/** @type {Broadcast[] | undefined} */
let heard;

/**
 * Show a broadcast, unless it was dismissed, above those before it, also from before a reload.
 * @param {Broadcast | null} broadcast @param {string} event
 */
export function showBroadcast(broadcast, event) {
  if (heard && (!broadcast || broadcast.id === shown)) return;
  const isFirst = heard === undefined;
  heard ??= stored(HEARD_KEY + event);
  const isNew = broadcast !== null && !dismissed().includes(broadcast.id);
  if (!isNew && !isFirst) return;
  const before = isNew ? heard.filter(({ id }) => id !== broadcast.id) : heard;
  byId("message").replaceChildren(isNew ? banner(broadcast) : "", earlier(before));
  if (!isNew) return;
  shown = broadcast.id;
  heard = [broadcast, ...before].slice(0, HEARD_MAX);
  store(HEARD_KEY + event, heard);
}

/** Return messages heard before, each with its hour; empty where there are none. @param {Broadcast[]} messages */
function earlier(messages) {
  if (messages.length === 0) return "";
  const items = messages.map(({ at, text }) =>
    createElement("li", {}, createElement("time", { datetime: at }, timeOrDay(at)), " ", text),
  );
  return createElement(
    "details",
    { class: "earlier", "data-testid": "earlier-messages" },
    createElement("summary", {}, texts.earlier(messages.length)),
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
        `${texts.levels[level]} ${texts.at(timeOrDay(broadcast.at))}`,
      ),
      createElement("p", { class: "said", "data-testid": "message" }, broadcast.text),
    ),
    close,
  );
}

/** @param {string} id */
function dismiss(id) {
  byId("message").replaceChildren(earlier(heard ?? []));
  store(DISMISSED_KEY, [...dismissed(), id]);
}

/** @returns {string[]} */
function dismissed() {
  return stored(DISMISSED_KEY);
}

/** Return a stored list, or none. @param {string} key */
function stored(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "[]");
  } catch {
    return [];
  }
}

/** @param {string} key @param {unknown[]} list */
function store(key, list) {
  try {
    sessionStorage.setItem(key, JSON.stringify(list));
  } catch {
    // storage is off: messages are forgotten, and dismissed ones come back, with the next visit
  }
}
