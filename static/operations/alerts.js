// The alerts on every page: what the live stats and the server's own state say that wants a look.

import { texts as all } from "../texts/texts.js";
import { byId, createElement, renderIfChanged, setText } from "../ui/dom.js";

/**
 * @typedef {Record<string, any>} Stats
 * @typedef {Record<string, any>} Rules
 * @typedef {import("../admin/session.js").Event} Event
 * @typedef {{code: string, level: "warn" | "bad", value?: number | string | Record<string, number>}} Alert
 */

const POLL_MS = 15_000;
const LATE_SHARE = 0.2; // of all who joined
const texts = all.admin.alerts;

/** Alerts that are untrue of a sale that stands still: nobody is let in then, whatever the rules say. */
const NOT_WHILE_STOPPED = new Set(["stalled", "shut", "full", "paused"]);
/** Alerts of an event: when they are raised, and how grave they are. */
const RULES = [
  { code: "unknown", level: "bad", when: (/** @type {Stats} */ s) => Boolean(s.unknown) },
  {
    code: "recording",
    level: "bad",
    when: (/** @type {Stats} */ s) => s.outbox_age_seconds >= 10,
  },
  {
    code: "stalled",
    level: "bad",
    when: (/** @type {Stats} */ s, /** @type {Rules} */ r) =>
      s.state === "open" &&
      s.waiting > 0 &&
      s.rate === 0 &&
      r.rate_per_second > 0 &&
      s.active < r.active_max,
  },
  {
    code: "shut",
    level: "warn",
    when: (/** @type {Stats} */ s, /** @type {Rules} */ r) =>
      s.state === "open" && s.waiting > 0 && r.rate_per_second === 0,
  },
  {
    code: "full",
    level: "warn",
    when: (/** @type {Stats} */ s, /** @type {Rules} */ r) =>
      s.waiting > 0 && s.active >= r.active_max,
  },
  { code: "stopped", level: "warn", when: (/** @type {Stats} */ s) => Boolean(s.stopped) },
  {
    code: "paused",
    level: "warn",
    when: (/** @type {Stats} */ s) => s.state === "paused" && s.waiting > 0,
  },
  {
    code: "gone",
    level: "warn",
    when: (/** @type {Stats} */ s) => s.stock === "gone" && s.waiting > 0 && s.state !== "closed",
  },
  { code: "held", level: "warn", when: (/** @type {Stats} */ s) => s.stock === "held" },
  {
    code: "late",
    level: "warn",
    when: (/** @type {Stats} */ s) => s.late > 0 && s.late >= LATE_SHARE * s.joined,
  },
];

/** Make the list. Return how to draw it from stats, and to poll. @param {import("../admin/session.js").AdminContext} context */
export function alertList(context) {
  /** @type {Alert[]} */ let ofEvent = [];
  /** @type {Alert[]} */ let ofServer = [];
  let said = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const show = () => {
    const all = [...ofEvent, ...ofServer];
    byId("alerts").hidden = all.length === 0;
    renderIfChanged(byId("alert-list"), all, () => all.map(item));
    const codes = all.map(({ code }) => code).join(" ");
    if (codes === said) return; // values change each time, and are not to be heard each time
    said = codes;
    setText(byId("alerts-said"), all.map((alert) => item(alert).textContent).join(" "));
  };

  const poll = async () => {
    clearTimeout(timer);
    if (!context.session.operator) return;
    try {
      if (document.visibilityState === "visible")
        ofServer = (await context.session.read("/alerts")).alerts;
    } catch {
      ofServer = [{ code: "away", level: "bad" }];
    }
    show();
    timer = setTimeout(poll, POLL_MS);
  };

  return {
    /** @param {Stats} stats @param {Rules} rules */
    draw(stats, rules) {
      const { event } = context;
      const raised = RULES.filter(
        ({ code, when }) => when(stats, rules) && !(stats.stopped && NOT_WHILE_STOPPED.has(code)),
      );
      const value = { minutes: minutesOf(event), waiting: stats.waiting, active: stats.active };
      ofEvent = /** @type {Alert[]} */ (raised.map(({ code, level }) => ({ code, level, value })));
      show();
    },
    clear() {
      ofEvent = [];
      show();
    },
    poll,
  };
}

/** Return for how many whole minutes an event is in its state. @param {Event | null} event */
function minutesOf(event) {
  const since = event?.stopped?.since ?? event?.state_since;
  return since ? Math.max(0, Math.floor((Date.now() - Date.parse(since)) / 60_000)) : 0;
}

/** @param {Alert} alert */
function item({ code, level, value }) {
  const text = /** @type {Record<string, (value: any) => string>} */ (texts.says)[code];
  const label = createElement("strong", {}, texts.levels[level]);
  return createElement(
    "li",
    { "data-level": level, "data-alert": code },
    label,
    " ",
    text ? text(value ?? "") : code,
  );
}
