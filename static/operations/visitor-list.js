// The list of visitors in one condition, page by page, or of those that a search finds.

import { hashOf } from "../admin/pages.js";
import { secondOrDate } from "../lib/venue-clock.js";
import { texts as all } from "../texts/texts.js";
import { byId, control, createElement, setTextOrHide } from "../ui/dom.js";
import { showProblem } from "../ui/notices.js";

/**
 * @typedef {import("../admin/session.js").AdminContext} AdminContext
 * @typedef {object} Listed
 * @property {string} visitor
 * @property {string} state
 * @property {boolean} [deferred] waits for a number
 * @property {number} [number]
 * @property {number} [quantity]
 * @property {string | null} [joined_at]
 * @property {string | null} [held_at]
 * @property {string | null} until
 */

const PAGE = 25;
const texts = all.admin.visitors;

/** Bind the list. @param {AdminContext} context @returns {import("../admin/session.js").Panel} */
export function visitorList(context) {
  /** @type {Listed[]} */
  let shown = [];
  /** @type {string | null} */
  let next = null;
  let [event, about] = ["", ""];

  /** Show whom a text means; the only one that it means is opened. @param {string} text */
  const find = async (text) => {
    const loading = event;
    try {
      const { visitors } = await readFound(context.session, loading, text);
      if (loading !== event || about !== text) return;
      [shown, next] = [visitors, null];
      draw();
      if (visitors.length === 1) open(visitors[0].visitor);
    } catch (problem) {
      showProblem(problem);
    }
  };

  /** @param {string | null} [after] where to go on */
  const load = async (after = null) => {
    const loading = event;
    const state = control("visitors-state").value;
    const query = new URLSearchParams({ state, limit: String(PAGE), ...(after ? { after } : {}) });
    try {
      const path = `/events/${encodeURIComponent(loading)}/visitors?${query}`;
      const page = await context.session.read(path);
      if (loading !== event) return;
      shown = after ? [...shown, ...page.visitors] : page.visitors;
      next = page.next;
      draw();
    } catch (problem) {
      showProblem(problem);
    }
  };

  const draw = () => {
    byId("visitors-list").replaceChildren(...shown.map((one) => row(one, choose)));
    setTextOrHide(byId("visitors-none"), shown.length ? "" : about ? texts.notFound : texts.none);
    byId("visitors-more").hidden = !next;
  };

  /** Show one visitor in place of the search, so that the way back leads before it. @param {string} visitor */
  const open = (visitor) => {
    const route = /** @type {const} */ ({ page: "visitors" });
    history.replaceState(null, "", hashOf({ ...route, event, about: visitor }));
    context.open({ ...route, event, about: visitor });
  };

  const choose = (/** @type {string} */ visitor) =>
    context.open({ page: "visitors", event, about: visitor });

  byId("visitors-state").append(
    ...Object.entries(texts.states).map(([value, text]) =>
      createElement("option", { value }, text),
    ),
  );
  byId("visitors-state").addEventListener("change", () => {
    about = "";
    control("visitors-query").value = "";
    void load();
  });
  byId("visitors-search").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    context.open({ page: "visitors", event, about: control("visitors-query").value.trim() });
  });
  byId("visitors-more").addEventListener("click", () => void load(next));

  return {
    show({ id }, wanted) {
      const text = isVisitor(wanted) ? about : wanted; // the list stays while one of it is looked at
      if (event === id && text === about) return;
      [event, about, shown, next] = [id, text, [], null];
      control("visitors-query").value = text;
      if (text) void find(text);
      else void load();
    },
    hide() {
      [event, about] = ["", ""];
    },
  };
}

/** Return whether a text is the id of a visitor. @param {string} text */
export function isVisitor(text) {
  return text.startsWith("v_");
}

/**
 * Read the visitors of an event that a text means.
 * @param {import("../admin/session.js").Session} session @param {string} event @param {string} text
 * @returns {Promise<{visitors: Listed[]}>}
 */
export function readFound(session, event, text) {
  return session.read(`/events/${encodeURIComponent(event)}/visitors?${new URLSearchParams({ q: text })}`);
}

/** Return what is known of a visitor in words. @param {Listed} listed */
export function saidOf({ state, deferred, number, quantity, joined_at: joined, held_at: held, until }) {
  const since = joined ?? held;
  const now = { ...all.seats.booking.states, ...texts.now };
  return [
    /** @type {Record<string, string>} */ (now)[deferred ? "deferred" : state] ?? state,
    number ? texts.number(number) : "",
    quantity ? texts.places(quantity) : "",
    since ? texts.since(secondOrDate(since)) : "",
    until ? texts.until(secondOrDate(until)) : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

/** @param {Listed} listed @param {(visitor: string) => void} choose */
function row(listed, choose) {
  const { visitor } = listed;
  const button = createElement("button", { type: "button", class: "link" }, visitor);
  button.addEventListener("click", () => choose(visitor));
  return createElement(
    "li",
    {},
    button,
    createElement("span", {}, saidOf(listed)),
  );
}
