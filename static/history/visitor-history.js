// The timeline of one visitor: what became of their places, and why, with the acts of operators.

import { dateAndSecond } from "../lib/venue-clock.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement } from "../ui/dom.js";
import { showProblem } from "../ui/notices.js";

/**
 * @typedef {{session: {read: (path: string) => Promise<any>}}} Context as the console has it
 * @typedef {{n: number, at: string, what: string, because: string}} Told
 */

/** Bind the timeline, a panel of the console. @param {Context} context */
export function visitorHistory(context) {
  let shown = "";

  /** @param {string} event @param {string} visitor */
  const load = async (event, visitor) => {
    const path = `/events/${encodeURIComponent(event)}/visitors/${encodeURIComponent(visitor)}/history`;
    try {
      const { entries } = await context.session.read(path);
      if (shown !== `${event} ${visitor}`) return;
      byId("visitor-history").replaceChildren(...entries.map(row));
      byId("visitor-history-none").hidden = entries.length > 0;
    } catch (problem) {
      showProblem(problem);
    }
  };

  return {
    /** @param {{id: string}} event @param {string} [about] */
    show({ id }, about) {
      const isOne = Boolean(about?.startsWith("v_"));
      byId("visitor-history-panel").hidden = !isOne;
      if (!about || !isOne || shown === `${id} ${about}`) return;
      shown = `${id} ${about}`;
      byId("visitor-history-title").textContent = all.admin.visitor.history(about);
      byId("visitor-history-title").focus(); // the acts on the visitor are next
      void load(id, about);
    },
    hide() {
      shown = "";
    },
  };
}

/** @param {Told} told */
function row({ n, at, what, because }) {
  const time = createElement("time", { datetime: at }, `${n} · ${dateAndSecond(at)}`);
  return createElement("li", { "data-what": what }, because, createElement("span", {}, time));
}
