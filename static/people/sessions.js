// The list of operators' sessions: since when and from where each lives, and a button that ends it.

import { dateAndSecond } from "../lib/venue-clock.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement } from "../ui/dom.js";
import { attempt, showProblem } from "../ui/notices.js";

/**
 * @typedef {import("../admin/session.js").AdminContext} AdminContext
 * @typedef {{id: string, operator: string, role: string, address: string, began_at: string,
 *   expires_at: string, current: boolean}} Listed
 */

const texts = all.admin.people.sessions;

/** Return how to load the list. @param {AdminContext} context */
export function sessionList(context) {
  const load = async () => {
    try {
      const { sessions } = await context.session.read("/sessions");
      byId("sessions").replaceChildren(...sessions.map((/** @type {Listed} */ one) => row(one, end)));
    } catch (problem) {
      showProblem(problem);
    }
  };

  const end = (/** @type {Listed} */ { id, operator }) =>
    attempt(async () => {
      await context.session.write("DELETE", `/sessions/${encodeURIComponent(id)}`);
      context.journalChanged();
      await load();
    }, texts.ended(operator));

  return { load };
}

/** @param {Listed} listed @param {(listed: Listed) => void} end */
function row(listed, end) {
  const { operator, role, address, began_at: began, expires_at: expires, current } = listed;
  const said = [address, texts.since(dateAndSecond(began)), texts.until(dateAndSecond(expires))];
  const button = createElement("button", { type: "button", "data-testid": "session-end" }, texts.end);
  button.addEventListener("click", () => end(listed));
  return createElement(
    "li",
    current ? { "data-current": "" } : {},
    createElement("strong", {}, all.admin.operator(operator, role)),
    createElement("span", { class: "soft" }, said.join(" · ")),
    current ? createElement("span", { class: "chip" }, texts.current) : button,
  );
}
