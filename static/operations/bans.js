// The bans of an event: a form that bans a visitor or an address block, and the list that lifts them.

import { attemptForm } from "../admin/form-mistakes.js";
import { dateAndSecond } from "../lib/venue-clock.js";
import { texts as all } from "../texts/texts.js";
import { askConfirmation } from "../ui/confirm-dialog.js";
import { byId, control, createElement } from "../ui/dom.js";
import { attempt, showProblem } from "../ui/notices.js";

/**
 * @typedef {import("../admin/session.js").AdminContext} AdminContext
 * @typedef {{id: string, visitor?: string, block?: string, reason: string, until: string, who: string}} Ban
 */

const SECONDS_A_MINUTE = 60;
/** Fields of the form by the names that the server has for them. @type {Record<string, string>} */
const FIELDS = { seconds: "ban-minutes", reason: "ban-reason" };
const texts = all.admin.bans;

/** Bind form and list. @param {AdminContext} context @returns {import("../admin/session.js").Panel} */
export function bansPanel(context) {
  let event = "";

  const load = async () => {
    const loading = event;
    try {
      const { bans } = await context.session.read(pathOf(loading));
      if (loading !== event) return;
      byId("bans-list").replaceChildren(...bans.map((/** @type {Ban} */ ban) => row(ban, lift)));
      byId("bans-none").hidden = bans.length > 0;
    } catch (problem) {
      showProblem(problem);
    }
  };

  const lift = async (/** @type {Ban} */ ban) => {
    await attempt(async () => {
      await context.session.write("DELETE", `${pathOf(event)}/${ban.id}`);
      context.journalChanged();
      await load();
    }, texts.lifted(whomOf(ban)));
  };

  byId("bans").addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    const whom = control("ban-whom").value.trim();
    const body = {
      [kindOf(whom)]: whom,
      seconds: Number(control("ban-minutes").value) * SECONDS_A_MINUTE,
      reason: control("ban-reason").value,
    };
    const controlOf = (/** @type {string} */ field) => byId(FIELDS[field] ?? "ban-whom");
    /** @type {number | null} */
    let reach = null;
    const known = await attemptForm(byId("bans"), controlOf, async () => {
      const query = new URLSearchParams({ [kindOf(whom)]: whom });
      reach = (await context.session.read(`${pathOf(event)}/reach?${query}`)).visitors;
    });
    const question = { question: texts.ask(whom), lead: texts.askLead(reach), yes: texts.ban };
    if (!known || !(await askConfirmation(byId("confirm"), question))) return;
    await attemptForm(byId("bans"), controlOf, async () => {
      await context.session.write("POST", pathOf(event), { body });
      control("ban-whom").value = "";
      control("ban-reason").value = "";
      context.journalChanged();
      await load();
    }, texts.banned(whom));
  });

  return {
    show({ id }) {
      if (event === id) return;
      event = id;
      void load();
    },
    hide() {
      event = "";
    },
  };
}

/** @param {Ban} ban @param {(ban: Ban) => Promise<void>} lift */
function row(ban, lift) {
  const button = createElement("button", { type: "button", "data-testid": "ban-lift" }, texts.lift);
  button.addEventListener("click", () => void lift(ban));
  const said = [ban.reason, texts.until(dateAndSecond(ban.until)), texts.by(ban.who)];
  return createElement(
    "li",
    {},
    createElement("strong", {}, whomOf(ban)),
    createElement("span", { class: "soft" }, said.join(" · ")),
    createElement("fieldset", { class: "actions", "data-writes": "" }, button),
  );
}

/** @param {string} whom */
function kindOf(whom) {
  return whom.startsWith("v_") ? "visitor" : "block";
}

/** @param {Ban} ban */
function whomOf({ visitor, block }) {
  return visitor ?? block ?? "";
}

/** @param {string} event */
function pathOf(event) {
  return `/events/${encodeURIComponent(event)}/bans`;
}
