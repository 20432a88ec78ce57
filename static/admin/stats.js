// The stats panel: an event's live numbers, sent each second over a socket, some with sparklines.

import { ReconnectingSocket } from "../connection/reconnecting-socket.js";
import { formatPrice } from "../lib/money.js";
import { en } from "../texts/en.js";
import { byId, createElement, setText } from "../ui/dom.js";
import { Sparkline } from "../ui/sparkline.js";

/**
 * @typedef {import("./session.js").AdminContext} AdminContext
 * @typedef {import("./session.js").Event} Event
 * @typedef {Record<string, any>} Stats
 */

const texts = en.admin.stats;
const UNKNOWN = "–";

const whole = (/** @type {number} */ n) => en.number(n);
const perSecond = (/** @type {number} */ n) => texts.perSecond(n.toFixed(n < 10 ? 1 : 0));

/** Return the total of confirmed bookings as text, one sum a currency. @param {Stats} stats */
function revenue(stats) {
  const sums = stats.money?.confirmed ?? [];
  return sums.length > 0 ? sums.map(formatPrice).join(" + ") : UNKNOWN;
}

const seconds = (/** @type {number} */ n) =>
  texts.seconds(n < 10 ? n.toFixed(1) : String(Math.round(n)));

/**
 * @typedef {object} Stat
 * @property {string} name
 * @property {boolean} [line] whether it has a sparkline
 * @property {string} [limit] the rule that limits it
 * @property {(stats: Stats) => any} [of] finds its value
 * @property {(value: any) => string} [format]
 */

/** The numbers of the panel, in their order. @type {Stat[]} */
const STATS = [
  { name: "waiting", line: true },
  { name: "active", line: true, limit: "active_max" },
  { name: "rate", line: true, limit: "rate_per_second", format: perSecond },
  { name: "joined" },
  { name: "admitted" },
  { name: "late" },
  { name: "sockets" },
  { name: "free" },
  { name: "held" },
  { name: "paying" },
  { name: "sold" },
  {
    name: "stock",
    of: (/** @type {Stats} */ stats) => stats.stock,
    format: (/** @type {keyof typeof texts.stocks} */ stock) => texts.stocks[stock],
  },
  { name: "taken", of: revenue, format: (/** @type {string} */ sum) => sum },
  {
    name: "wait_p50",
    of: (/** @type {Stats} */ stats) => stats.wait_seconds?.p50,
    format: seconds,
  },
  {
    name: "wait_p90",
    of: (/** @type {Stats} */ stats) => stats.wait_seconds?.p90,
    format: seconds,
  },
  {
    name: "wait_p99",
    of: (/** @type {Stats} */ stats) => stats.wait_seconds?.p99,
    format: seconds,
  },
  { name: "outbox_age_seconds", format: seconds },
];

/** Bind the panel. @param {AdminContext} context */
export function statsPanel(context) {
  /** @type {ReconnectingSocket | null} */
  let socket = null;
  let watched = "";
  const items = STATS.map(statItem);

  const hide = () => {
    socket?.stop();
    [socket, watched] = [null, ""];
  };

  /** @param {Stats} stats */
  const draw = (stats) => {
    for (const item of items) item.show(stats, context.event?.rules ?? {});
    if (context.event && stats.state !== context.event.state) void context.reload();
  };

  /** @param {Event} event */
  const show = (event) => {
    if (watched === event.id) return;
    hide();
    watched = event.id;
    for (const item of items) item.clear();
    socket = new ReconnectingSocket(`/ws/admin/events/${encodeURIComponent(event.id)}`, {
      onFrame: (frame) => frame.type === "stats" && draw(frame.stats),
      onStatus: (status) => {
        byId("connection").dataset.status = status;
        setText(byId("connection"), en.event.connection[status]);
        if (status === "stopped") void context.reload();
      },
    });
    socket.start();
  };

  return { show, hide };
}

/** Append one number to the panel. Return how to show and how to clear it. @param {Stat} stat */
function statItem({ name, line, limit, of = (stats) => stats[name], format = whole }) {
  const value = createElement("strong", { "data-testid": `stat-${name}` }, UNKNOWN);
  const limitText = createElement("span", { class: "of" });
  const sparkline = line ? new Sparkline() : null;
  const title = /** @type {Record<string, string>} */ (texts.names)[name];
  const description = createElement(
    "dd",
    {},
    value,
    " ",
    limitText,
    ...(sparkline ? [sparkline.element] : []),
  );
  byId("figures").append(
    createElement(
      "div",
      line ? { class: "wide-figure" } : {},
      createElement("dt", {}, title),
      description,
    ),
  );

  return {
    /** @param {Stats} stats @param {Record<string, any>} rules */
    show(stats, rules) {
      const found = of(stats);
      const known = found !== null && found !== undefined;
      setText(value, known ? format(found) : UNKNOWN);
      setText(limitText, limit && known ? texts.limit(format(rules[limit] ?? 0)) : "");
      if (typeof found === "number") sparkline?.add(found);
    },
    clear() {
      setText(value, UNKNOWN);
      setText(limitText, "");
      sparkline?.clear();
    },
  };
}
