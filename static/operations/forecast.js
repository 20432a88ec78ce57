// The forecast of the night: why so many are let in, when all is sold and the last is in, and how true it was.

import { time } from "../lib/venue-clock.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement, renderIfChanged } from "../ui/dom.js";

/**
 * @typedef {{at: string, sold: number, admitted: number} & Record<string, any>} Point
 * @typedef {Record<string, any>} Stats
 * @typedef {{sold: number | null, admitted: number | null}} Rates a second; null: not measured
 */

const LOOK_BACK_MS = 300_000; // over which rates are measured
const LEAST_MS = 20_000;
const HORIZON_S = 86_400; // no rate stays the same for longer
const RUNNING = ["open", "draining"];
const texts = all.admin.forecast;

/** Make the panel. Return how to measure rates by a series, and how to draw from stats. @param {{event: {stopped?: unknown} | null}} context */
export function forecastPanel(context) {
  /** @type {Rates} */
  let rates = { sold: null, admitted: null };
  return {
    /** @param {Point[]} series */
    measure(series) {
      rates = ratesOf(series);
    },
    /** @param {Stats} stats @param {Record<string, any>} rules */
    draw(stats, rules) {
      const state = context.event?.stopped ? "stopped" : stats.state;
      const still = RUNNING.includes(state) ? "" : (texts.still[/** @type {keyof typeof texts.still} */ (state)] ?? texts.unknown);
      const noneIn = rules.rate_per_second === 0 ? texts.nobodyAdmitted : "";
      const lines = {
        sold: soldOut(stats, rates, still),
        admitted: lastIn(stats, rates, still || noneIn),
        because: stats.admission?.because ?? texts.unknown,
        calibration: calibrationText(stats.calibration),
      };
      renderIfChanged(byId("forecast"), lines, () => Object.entries(lines).map(([name, text]) => item(name, text)));
    },
    clear() {
      rates = { sold: null, admitted: null };
      renderIfChanged(byId("forecast"), null, () => []);
    },
  };
}

/** Return how fast places were sold and visitors admitted over the last minutes. @param {Point[]} series the oldest first */
export function ratesOf(series) {
  const last = series.at(-1);
  const from = series.find(({ at }) => last && Date.parse(last.at) - Date.parse(at) <= LOOK_BACK_MS);
  const ms = last && from ? Date.parse(last.at) - Date.parse(from.at) : 0;
  if (!last || !from || ms < LEAST_MS) return { sold: null, admitted: null };
  const perSecond = (/** @type {"sold" | "admitted"} */ name) => (1000 * (last[name] - from[name])) / ms;
  return { sold: perSecond("sold"), admitted: perSecond("admitted") };
}

/** @param {Stats} stats @param {Rates} rates @param {string} still why nothing moves */
function soldOut({ free, held = 0, paying = 0 }, { sold }, still) {
  if (typeof free !== "number") return texts.unknown;
  if (free === 0 && held + paying === 0) return texts.allSold;
  if (free === 0) return texts.allHeld;
  return still || said(free, sold, texts.noSales);
}

/** @param {Stats} stats @param {Rates} rates @param {string} still why nothing moves */
function lastIn({ waiting, rate }, { admitted }, still) {
  if (typeof waiting !== "number") return texts.unknown;
  if (waiting === 0) return texts.nobodyWaits;
  return still || said(waiting, rate || admitted, texts.nobodyAdmitted);
}

/** Return how many waits ended as was told at their beginning. @param {{p50: number | null, p90: number | null, count: number}} [calibration] */
function calibrationText({ p50, p90, count } = { p50: null, p90: null, count: 0 }) {
  return p50 === null || p90 === null ? texts.unknown : texts.calibrated(p50, p90, count);
}

/** Return the time at which so many are through at a rate. @param {number} count @param {number | null} rate a second @param {string} none */
function said(count, rate, none) {
  if (rate === null) return texts.unknown;
  const seconds = rate > 0 ? count / rate : Infinity;
  if (seconds === Infinity) return none;
  if (seconds > HORIZON_S) return texts.later;
  return texts.at(time(new Date(Date.now() + 1000 * seconds).toISOString()), Math.ceil(seconds / 60));
}

/** @param {string} name @param {string} text */
function item(name, text) {
  const title = /** @type {Record<string, string>} */ (texts.names)[name] ?? name;
  return createElement(
    "div",
    {},
    createElement("dt", {}, title),
    createElement("dd", {}, createElement("strong", { "data-testid": `forecast-${name}` }, text)),
  );
}
