// An event in figures, live: what the server says each second, and the last two minutes as lines.

import { ReturningSocket } from "../connection/reconnecting-socket.js";
import { price } from "../lib/money.js";
import { texts } from "../texts/en.js";
import { make, part, write } from "../ui/dom.js";
import { Sparkline } from "../ui/sparkline.js";

/**
 * @typedef {import("../admin.js").Desk} Desk
 * @typedef {import("../admin.js").Event} Event
 * @typedef {Record<string, any>} Stats
 */

const words = texts.admin.figures;
const UNKNOWN = "–";

const whole = (/** @type {number} */ n) => texts.figure(n);
const perSecond = (/** @type {number} */ n) => words.perSecond(n.toFixed(n < 10 ? 1 : 0));

/** What confirmed bookings are worth, as people read it. @param {Stats} stats */
function taken(stats) {
  const sums = stats.money?.confirmed ?? [];
  return sums.length > 0 ? sums.map(price).join(" + ") : UNKNOWN;
}

const seconds = (/** @type {number} */ n) =>
  words.seconds(n < 10 ? n.toFixed(1) : String(Math.round(n)));

/**
 * Each figure: how it is found and written, which rule limits it, whether it is drawn.
 */
const FIGURES = [
  { name: "waiting", line: true },
  { name: "active", line: true, limit: "active_max" },
  { name: "rate", line: true, limit: "rate_per_second", say: perSecond },
  { name: "joined" },
  { name: "admitted" },
  { name: "late" },
  { name: "sockets" },
  { name: "free" },
  { name: "held" },
  { name: "paying" },
  { name: "sold" },
  { name: "taken", of: taken, say: (/** @type {string} */ sum) => sum },
  { name: "wait_p50", of: (/** @type {Stats} */ stats) => stats.wait_seconds?.p50, say: seconds },
  { name: "wait_p90", of: (/** @type {Stats} */ stats) => stats.wait_seconds?.p90, say: seconds },
  { name: "wait_p99", of: (/** @type {Stats} */ stats) => stats.wait_seconds?.p99, say: seconds },
  { name: "outbox_age_seconds", say: seconds },
];

/** @param {Desk} desk */
export function figures(desk) {
  /** @type {ReturningSocket | null} */
  let socket = null;
  let watched = "";
  const drawn = FIGURES.map(figure);

  const hide = () => {
    socket?.stop();
    [socket, watched] = [null, ""];
  };

  /** @param {Stats} stats */
  const took = (stats) => {
    for (const one of drawn) one.show(stats, desk.event?.rules ?? {});
    if (desk.event && stats.state !== desk.event.state) void desk.reload();
  };

  /** @param {Event} event */
  const show = (event) => {
    if (watched === event.id) return;
    hide();
    watched = event.id;
    for (const one of drawn) one.forget();
    socket = new ReturningSocket(`/ws/admin/events/${encodeURIComponent(event.id)}`, {
      onFrame: (frame) => frame.type === "stats" && took(frame.stats),
      onStatus: (status) => {
        part("connection").dataset.status = status;
        write(part("connection"), texts.event.connection[status]);
        if (status === "stopped") void desk.reload();
      },
    });
    socket.start();
  };

  return { show, hide };
}

/** One figure on the page. @param {(typeof FIGURES)[number]} kind */
function figure({ name, line, limit, of = (stats) => stats[name], say = whole }) {
  const value = make("strong", { "data-testid": `stat-${name}` }, UNKNOWN);
  const against = make("span", { class: "of" });
  const sparkline = line ? new Sparkline() : null;
  const title = /** @type {Record<string, string>} */ (words.names)[name];
  const said = make("dd", {}, value, " ", against, ...(sparkline ? [sparkline.element] : []));
  part("figures").append(
    make("div", line ? { class: "wide-figure" } : {}, make("dt", {}, title), said),
  );

  return {
    /** @param {Stats} stats @param {Record<string, any>} rules */
    show(stats, rules) {
      const told = of(stats);
      const known = told !== null && told !== undefined;
      write(value, known ? say(told) : UNKNOWN);
      write(against, limit && known ? words.limit(say(rules[limit] ?? 0)) : "");
      if (typeof told === "number") sparkline?.add(told);
    },
    forget() {
      write(value, UNKNOWN);
      write(against, "");
      sparkline?.clear();
    },
  };
}
