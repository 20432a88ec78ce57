// The messages of an event that were sent: when, by whom and to whom, and on how many pages each was heard.

import { dateAndSecond } from "../lib/venue-clock.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement, renderIfChanged } from "../ui/dom.js";
import { showProblem } from "../ui/notices.js";

/**
 * @typedef {import("../admin/session.js").AdminContext} AdminContext
 * @typedef {object} Sent
 * @property {string} id
 * @property {string} at
 * @property {string} who
 * @property {string} text
 * @property {keyof typeof texts.levels} level
 * @property {keyof typeof texts.audiences} audience
 * @property {number | null} reach
 * @property {number} heard
 */

const PAGE = 20;
const POLL_MS = 3_000; // pages are counted within a second
const texts = all.admin.broadcast;

/** Bind the list. Return its panel, and how to load it again. @param {AdminContext} context */
export function sentMessages(context) {
  /** @type {Sent[]} */
  let shown = [];
  /** @type {string | null} */
  let next = null;
  let event = "";
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;

  /** @param {string | null} [after] where to go on */
  const load = async (after = null) => {
    const loading = event;
    if (!loading) return;
    const query = new URLSearchParams({ limit: String(PAGE), ...(after ? { after } : {}) });
    const path = `/events/${encodeURIComponent(loading)}/broadcasts?${query}`;
    const page = await context.session.read(path);
    if (loading !== event) return;
    shown = after ? [...shown, ...page.broadcasts] : page.broadcasts;
    next = page.next;
    draw();
  };

  const draw = () => {
    renderIfChanged(byId("sent-messages"), shown, () => shown.map(row));
    byId("sent-none").hidden = shown.length > 0;
    byId("sent-more").hidden = !next;
  };

  const isFirstPageInView = () => document.visibilityState === "visible" && shown.length <= PAGE;

  byId("sent-more").addEventListener("click", () => void load(next).catch(showProblem));

  return {
    /** @param {import("../admin/session.js").Event} wanted */
    show({ id }) {
      if (event === id) return;
      [event, shown, next] = [id, [], null];
      clearInterval(timer);
      timer = setInterval(() => isFirstPageInView() && void load().catch(() => {}), POLL_MS);
      void load().catch(showProblem);
    },
    hide() {
      clearInterval(timer);
      event = "";
    },
    load: () => void load().catch(showProblem),
  };
}

/** @param {Sent} sent */
function row({ at, who, text, level, audience, reach, heard }) {
  const said = [texts.to(texts.audiences[audience]), texts.heard(heard, reach), who];
  return createElement(
    "li",
    { "data-level": level },
    createElement("time", { datetime: at }, dateAndSecond(at)),
    createElement(
      "span",
      {},
      createElement("strong", {}, level === "info" ? "" : `${texts.levels[level]}: `),
      text,
      createElement("small", {}, said.join(" · ")),
    ),
  );
}
