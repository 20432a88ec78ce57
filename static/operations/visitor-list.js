// The list of visitors in one condition: who waits, is let in, is late, or holds; page by page.

import { dateAndSecond } from "../lib/venue-clock.js";
import { texts as all } from "../texts/texts.js";
import { byId, control, createElement } from "../ui/dom.js";
import { showProblem } from "../ui/notices.js";

/**
 * @typedef {import("../admin/session.js").AdminContext} AdminContext
 * @typedef {object} Listed
 * @property {string} visitor
 * @property {string} state
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
  let event = "";

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
    byId("visitors-none").hidden = shown.length > 0;
    byId("visitors-more").hidden = !next;
  };

  const choose = (/** @type {string} */ visitor) => {
    context.open({ page: "visitors", event, about: visitor });
    control("visitor-id").focus();
  };

  byId("visitors-state").append(
    ...Object.entries(texts.states).map(([value, text]) =>
      createElement("option", { value }, text),
    ),
  );
  byId("visitors-state").addEventListener("change", () => void load());
  byId("visitors-more").addEventListener("click", () => void load(next));

  return {
    show({ id }) {
      if (event === id) return;
      [event, shown, next] = [id, [], null];
      void load();
    },
    hide() {
      event = "";
    },
  };
}

/** @param {Listed} listed @param {(visitor: string) => void} choose */
function row({ visitor, number, quantity, joined_at: joined, held_at: held, until }, choose) {
  const button = createElement("button", { type: "button", class: "link" }, visitor);
  button.addEventListener("click", () => choose(visitor));
  const since = joined ?? held;
  const said = [
    number ? texts.number(number) : "",
    quantity ? texts.places(quantity) : "",
    since ? texts.since(dateAndSecond(since)) : "",
    until ? texts.until(dateAndSecond(until)) : "",
  ];
  return createElement(
    "li",
    {},
    button,
    createElement("span", {}, said.filter(Boolean).join(" · ")),
  );
}
