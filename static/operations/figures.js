// The figures of the night: an event's live numbers, each with its limits of worry, some with sparklines.

import { formatPrice } from "../lib/money.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement, setText } from "../ui/dom.js";
import { Sparkline } from "../ui/sparkline.js";

/** @typedef {Record<string, any>} Stats */

const texts = all.admin.stats;
const UNKNOWN = "–";

const whole = (/** @type {number} */ n) => all.number(n);
const perSecond = (/** @type {number} */ n) => texts.perSecond(n.toFixed(n < 10 ? 1 : 0));

/** Return the total of confirmed bookings as text, one sum a currency. @param {Stats} stats */
function revenue(stats) {
  const sums = stats.money?.confirmed ?? [];
  return sums.length > 0 ? sums.map(formatPrice).join(" + ") : UNKNOWN;
}

const seconds = (/** @type {number} */ n) =>
  n < 120
    ? texts.seconds(n < 10 ? n.toFixed(1) : String(Math.round(n)))
    : texts.minutes(Math.round(n / 60));

/**
 * @typedef {object} Stat
 * @property {string} name
 * @property {boolean} [line] whether it has a sparkline
 * @property {string} [limit] the rule that limits it
 * @property {number} [warn] the least value that is worth a look
 * @property {number} [bad] the least value that wants an act
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
  wait("p50", { warn: 1_800, bad: 7_200 }),
  wait("p90", { warn: 3_600, bad: 10_800 }),
  wait("p99", { warn: 5_400, bad: 14_400 }),
  { name: "outbox_age_seconds", format: seconds, warn: 2, bad: 10 },
];

/** Make the panel. Return how to draw and how to clear it. */
export function figuresPanel() {
  const items = STATS.map(statItem);
  return {
    /** @param {Stats} stats @param {Record<string, any>} rules */
    draw(stats, rules) {
      for (const item of items) item.draw(stats, rules);
    },
    clear() {
      for (const item of items) item.clear();
    },
  };
}

/** Return a percentile of waits. @param {string} name @param {{warn: number, bad: number}} limits */
function wait(name, limits) {
  const of = (/** @type {Stats} */ stats) => stats.wait_seconds?.[name];
  return { name: `wait_${name}`, of, format: seconds, ...limits };
}

/** Append one number to the panel. Return how to draw and how to clear it. @param {Stat} stat */
function statItem(stat) {
  const { name, line, limit, of = (stats) => stats[name], format = whole } = stat;
  const value = createElement("strong", { "data-testid": `stat-${name}` }, UNKNOWN);
  const limitText = createElement("span", { class: "of" });
  const levelText = createElement("span", { class: "level" });
  const sparkline = line ? new Sparkline() : null;
  const title = /** @type {Record<string, string>} */ (texts.names)[name];
  const parts = sparkline ? [sparkline.element] : [];
  const description = createElement("dd", {}, value, " ", limitText, levelText, ...parts);
  const item = createElement("div", {}, createElement("dt", {}, title), description);
  if (line) item.className = "wide-figure";
  byId("figures").append(item);

  return {
    /** @param {Stats} stats @param {Record<string, any>} rules */
    draw(stats, rules) {
      const found = of(stats);
      const known = found !== null && found !== undefined;
      const level = known ? levelOf(stat, found) : "ok";
      item.dataset.level = level;
      setText(value, known ? format(found) : UNKNOWN);
      setText(limitText, limit && known ? texts.limit(format(rules[limit] ?? 0)) : "");
      setText(levelText, texts.levels[level]);
      if (typeof found === "number") sparkline?.add(found);
    },
    clear() {
      item.dataset.level = "ok";
      for (const text of [limitText, levelText]) setText(text, "");
      setText(value, UNKNOWN);
      sparkline?.clear();
    },
  };
}

/** @param {Stat} stat @param {any} value @returns {"ok" | "warn" | "bad"} */
function levelOf({ warn = Infinity, bad = Infinity }, value) {
  if (value >= bad) return "bad";
  return value >= warn ? "warn" : "ok";
}
