// The history on the page Night: charts of the chosen span, the acts marked in them, and the funnel.

import { actText } from "../admin/audit.js";
import { dateAndSecond } from "../lib/venue-clock.js";
import { texts as all } from "../texts/texts.js";
import { byId, control, createElement, setText } from "../ui/dom.js";
import { charts } from "./charts.js";

/** @typedef {import("../admin/session.js").AdminContext} AdminContext */
/** @typedef {import("./charts.js").Series & {funnel: Record<string, number>}} History */

const POLL_MS = 10_000; // as often as a point is recorded
const SPANS = [5, 15, 60, 360, 1440]; // minutes
const ACTS_SHOWN = 8;
const STEPS = ["joined", "admitted", "held", "paid", "refunded"];
const texts = all.admin.charts;

/**
 * Bind the panels.
 * @param {AdminContext} context
 * @param {{measure: (series: any[]) => void}} forecast
 * @returns {import("../admin/session.js").Panel}
 */
export function nightPanels(context, forecast) {
  const drawing = charts();
  let watched = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const load = async () => {
    clearTimeout(timer);
    const event = watched;
    if (!event) return;
    if (document.visibilityState === "visible") await read(event);
    if (event === watched) timer = setTimeout(load, POLL_MS);
  };

  /** @param {string} event */
  const read = async (event) => {
    const minutes = control("charts-span").value;
    try {
      const path = `/events/${encodeURIComponent(event)}/series?minutes=${minutes}`;
      const history = await context.session.read(path);
      if (event !== watched) return;
      setText(byId("charts-hint"), history.series.length < 2 ? texts.none : "");
      forecast.measure(history.series);
      drawFunnel(history);
      drawActs(history.acts);
      await drawing.draw(history);
    } catch {
      setText(byId("charts-hint"), texts.away);
    }
  };

  byId("charts-span").append(
    ...SPANS.map((span) => createElement("option", { value: String(span) }, texts.span(span))),
  );
  control("charts-span").value = "15";
  byId("charts-span").addEventListener("change", () => void load());

  return {
    show({ id }) {
      if (watched === id) return;
      watched = id;
      byId("funnel").replaceChildren();
      void load();
    },
    hide() {
      clearTimeout(timer);
      watched = "";
    },
  };
}

/** Draw how many came from each step to the next one. @param {History} history */
function drawFunnel({ series, funnel }) {
  const last = series.at(-1);
  const counts = { joined: last?.joined ?? 0, admitted: last?.admitted ?? 0, ...funnel };
  const values = STEPS.map((step) => /** @type {Record<string, number>} */ (counts)[step] ?? 0);
  const most = Math.max(1, ...values);
  byId("funnel").replaceChildren(
    ...STEPS.map((step, at) => {
      const [value = 0, before = 0] = [values[at], at ? values[at - 1] : 0];
      const bar = createElement("progress", { max: String(most), value: String(value) });
      bar.setAttribute("aria-hidden", "true");
      const share = at && before ? texts.share(value / before) : "";
      return createElement(
        "li",
        { "data-testid": `funnel-${step}` },
        createElement(
          "span",
          {},
          /** @type {Record<string, string>} */ (texts.steps)[step] ?? step,
        ),
        createElement("strong", {}, all.number(value)),
        createElement("small", {}, share),
        bar,
      );
    }),
  );
}

/** List the newest acts, which the charts mark. @param {import("./charts.js").Act[]} acts */
function drawActs(acts) {
  const newest = acts.slice(-ACTS_SHOWN).reverse();
  byId("acts").replaceChildren(
    ...newest.map(({ at, who, what }) =>
      createElement(
        "li",
        {},
        createElement("time", { datetime: at }, dateAndSecond(at)),
        createElement("span", {}, all.admin.audit.entry(who, actText(what), "")),
      ),
    ),
  );
  byId("acts-none").hidden = newest.length > 0;
}
