// Charts of an event's series, with axes, hover and marks of operators' acts; uPlot comes when one is shown.

import { venueZone } from "../lib/venue-clock.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement, setText } from "../ui/dom.js";

/**
 * @typedef {Record<string, any> & {at: string}} Point
 * @typedef {{at: string, who: string, what: string}} Act
 * @typedef {{series: Point[], acts: Act[]}} Series
 * @typedef {{name: string, color: string, of?: (point: Point, before: Point) => number}} Line
 */

const HEIGHT = 180;
const HOLE_STEPS = 4; // times the usual span between two points: a late one is no hole
const texts = all.admin.charts;

/** Return the growth of a figure in one minute. @param {string} name */
function perMinute(name) {
  return (/** @type {Point} */ point, /** @type {Point} */ before) => {
    const minutes = (Date.parse(point.at) - Date.parse(before.at)) / 60_000;
    return minutes > 0 ? Math.max(0, point[name] - before[name]) / minutes : 0;
  };
}

/** The charts in their order; colours are custom properties of the style sheet. */
const CHARTS = {
  line: [
    { name: "waiting", color: "--chart-1" },
    { name: "active", color: "--chart-2" },
    { name: "late", color: "--chart-3" },
  ],
  flow: [
    { name: "joined", color: "--chart-1", of: perMinute("joined") },
    { name: "admitted", color: "--chart-2", of: perMinute("admitted") },
    { name: "sold", color: "--chart-3", of: perMinute("sold") },
  ],
  places: [
    { name: "free", color: "--chart-1" },
    { name: "held", color: "--chart-2" },
    { name: "sold", color: "--chart-3" },
  ],
};

/** Return how to draw the charts of a series, each again at its width when the page is resized. */
export function charts() {
  /** @type {any[]} */
  let drawn = [];
  /** @type {Series | null} */
  let last = null;
  const figures = Object.entries(CHARTS).map(([name, lines]) => chartFigure(name, lines));
  byId("charts").replaceChildren(...figures.map(({ element }) => element));

  /** @param {Series} series */
  const draw = async (series) => {
    last = series;
    const Plot = await plotClass();
    for (const plot of drawn) plot.destroy();
    drawn = [];
    if (series !== last || series.series.length < 2) return;
    drawn = figures.flatMap((figure) => (Plot ? [figure.draw(Plot, series)] : []));
  };

  const again = () => last && void draw(last);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  new ResizeObserver(() => {
    for (const [at, plot] of drawn.entries()) plot.setSize(figures[at]?.size());
  }).observe(byId("charts"));
  return { draw };
}

/** Return uPlot, or null where plain modules are served, which have no packages of npm. */
async function plotClass() {
  try {
    return (await import("uplot")).default;
  } catch {
    setText(byId("charts-hint"), texts.unbundled);
    return null;
  }
}

/** @param {string} name @param {Line[]} lines */
function chartFigure(name, lines) {
  const title = /** @type {Record<string, string>} */ (texts.titles)[name] ?? name;
  const box = createElement("div", { class: "plot", role: "img", "aria-label": title });
  const element = createElement("figure", {}, createElement("figcaption", {}, title), box);
  const size = () => ({ width: Math.max(200, box.clientWidth), height: HEIGHT });

  /** @param {any} Plot @param {Series} series */
  const draw = (Plot, { series, acts }) => {
    const data = withHoles([timesOf(series), ...lines.map((line) => valuesOf(line, series))]);
    box.setAttribute("aria-label", summaryOf(title, lines, data));
    const tzDate = (/** @type {number} */ seconds) => Plot.tzDate(new Date(1000 * seconds), venueZone());
    return new Plot({ ...size(), tzDate, ...options(lines, acts) }, data, box);
  };

  return { element, size, draw };
}

/** @param {Point[]} series */
function timesOf(series) {
  return series.slice(1).map(({ at }) => Date.parse(at) / 1000);
}

/** @param {Line} line @param {Point[]} series */
function valuesOf({ name, of }, series) {
  return series.slice(1).map((point, at) => {
    return of ? of(point, /** @type {Point} */ (series[at])) : point[name];
  });
}

/**
 * Return the times and values of a chart with a hole in each span in which nothing was measured: no line
 * leads through what nobody knows.
 * @param {(number | null)[][]} data times first
 */
export function withHoles(data) {
  const times = /** @type {number[]} */ (data[0] ?? []);
  const steps = times.slice(1).map((time, at) => time - (times[at] ?? time));
  const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const breaks = new Set(steps.flatMap((step, at) => (step > HOLE_STEPS * usual ? [at] : [])));
  return data.map((column, which) =>
    column.flatMap((value, at) => {
      if (!breaks.has(at)) return [value];
      return [value, which === 0 ? (times[at] ?? 0) + usual : null];
    }),
  );
}

/** Return the last value of each line as a sentence. @param {string} title @param {Line[]} lines @param {(number | null)[][]} data */
function summaryOf(title, lines, data) {
  const values = lines.map(({ name }, at) => {
    const text = /** @type {Record<string, string>} */ (texts.lines)[name];
    return `${text} ${all.number(Math.round(data[at + 1]?.at(-1) ?? 0))}`;
  });
  return `${title}: ${values.join(", ")}`;
}

/** Return the options of uPlot. @param {Line[]} lines @param {Act[]} acts */
function options(lines, acts) {
  const color = (/** @type {string} */ name) =>
    getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const axis = {
    stroke: color("--soft"),
    grid: { stroke: color("--rule"), width: 1 },
    ticks: { stroke: color("--rule"), width: 1 },
  };
  const whole = (/** @type {any} */ _, /** @type {number | null} */ value) =>
    value === null || value === undefined ? "–" : all.number(Math.round(value));
  const shown = lines.map(({ name, color: property }) => ({
    label: /** @type {Record<string, string>} */ (texts.lines)[name],
    stroke: color(property),
    width: 2,
    points: { show: false },
    value: whole,
  }));
  return {
    cursor: { sync: { key: "night" }, drag: { x: false, y: false } },
    scales: {
      y: { range: (/** @type {any} */ _, _min, /** @type {number} */ max) => [0, max * 1.1 || 1] },
    },
    axes: [
      { ...axis, space: 64, values: (/** @type {any} */ _, ticks) => ticks.map(hour) },
      { ...axis, size: 56, values: (/** @type {any} */ _, ticks) => ticks.map(all.number) },
    ],
    series: [{ label: texts.time, value: "{HH}:{mm}:{ss}" }, ...shown],
    hooks: { draw: [(/** @type {any} */ plot) => drawMarks(plot, acts, color("--on-bad"))] },
  };
}

/** Return a time in Unix seconds as hour and minute. @param {number} seconds */
function hour(seconds) {
  const options = /** @type {Intl.DateTimeFormatOptions} */ ({
    hour: "2-digit",
    minute: "2-digit",
  });
  const clock = { ...options, hourCycle: /** @type {"h23"} */ ("h23"), timeZone: venueZone() };
  return new Intl.DateTimeFormat(all.locale, clock).format(seconds * 1000);
}

/** Draw a dashed line at the time of each act. @param {any} plot @param {Act[]} acts @param {string} color */
function drawMarks(plot, acts, color) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.setLineDash([4, 4]);
  for (const { at } of acts) {
    const x = Math.round(plot.valToPos(Date.parse(at) / 1000, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
