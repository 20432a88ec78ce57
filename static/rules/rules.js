// The rules form: shows what changes from which value, what a rate means, and sends only the changed ones.

import { attemptForm } from "../admin/form-mistakes.js";
import { dateAndSecond } from "../lib/venue-clock.js";
import { texts as all } from "../texts/texts.js";
import { byId, control, setText, setTextOrHide } from "../ui/dom.js";
import { attempt } from "../ui/notices.js";
import { previewOf } from "./rate-preview.js";
import { ruleFields } from "./rule-fields.js";
import { warningsOf } from "./rule-warnings.js";

/**
 * @typedef {import("../admin/session.js").AdminContext} AdminContext
 * @typedef {import("../admin/session.js").Event} Event
 */

const texts = all.admin.rules;

/** Bind the form. @param {AdminContext} context */
export function rulesPanel(context) {
  const fields = ruleFields(byId("rule-fields"));
  const changes = () => fields.filter(({ isChanged }) => isChanged);
  let shown = "";
  let waiting = 0;

  /** Mark what is not saved, here and in the navigation, and say what the rate would mean. */
  const mark = () => {
    const count = changes().length;
    for (const field of fields) field.mark();
    setText(byId("rules-unsaved"), count ? texts.unsaved(count) : "");
    byId("rules-undo").hidden = count === 0;
    document.querySelector('[data-go="rules"]')?.toggleAttribute("data-unsaved", count > 0);
    const values = Object.fromEntries(fields.map(({ name, value }) => [name, value]));
    setTextOrHide(byId("rules-warnings"), warningsOf(values, context.session.operator?.identities ?? []).join(" "));
    const rate = fields.find(({ name }) => name === "rate_per_second");
    setText(byId("rate-preview"), rate ? previewOf(waiting, Number(rate.control.value)) : "");
  };
  const reset = () => {
    for (const field of fields) field.reset();
    mark();
  };

  for (const field of fields) field.control.addEventListener("input", mark);
  byId("rules-undo").addEventListener("click", reset);

  /** Show an event's rules. Keep what is being typed, unless it is another event. @param {Event} event */
  const show = (event) => {
    for (const field of fields) {
      field.show(event.rules[field.name], shown === event.id);
      field.control.disabled = Boolean(field.rule.isOfOrder) && event.state !== "scheduled";
    }
    shown = event.id;
    showTimed(event.timed_rules);
    mark();
  };

  byId("rules").addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    const event = context.event;
    const changed = Object.fromEntries(changes().map(({ name, value }) => [name, value]));
    if (!event || Object.keys(changed).length === 0) return;
    const minutes = Number(control("rules-minutes").value);
    const path = `/events/${encodeURIComponent(event.id)}/rules${minutes ? `?for=${minutes * 60}` : ""}`;
    const controlOf = (/** @type {string} */ name) => fields.find((field) => field.name === name)?.control;
    await attemptForm(byId("rules"), controlOf, async () => {
      await context.session.write("PATCH", path, { body: changed });
      reset();
      control("rules-minutes").value = "";
      await context.reload();
      context.journalChanged();
    }, texts.done);
  });

  byId("rules-keep").addEventListener("click", () =>
    attempt(async () => {
      const path = `/events/${encodeURIComponent(shown)}/rules/keep`;
      await context.session.write("POST", path, { body: {} });
      await context.reload();
      context.journalChanged();
    }, texts.kept),
  );

  /** @param {Record<string, any>} stats */
  const draw = (stats) => {
    if (typeof stats.waiting !== "number" || stats.waiting === waiting) return;
    waiting = stats.waiting;
    if (shown) mark(); // before, the fields have no rules to differ from
  };

  return { show, draw, clear: () => (waiting = 0) };
}

/** Show which rules go back by themselves, and when. @param {Event["timed_rules"]} timed */
function showTimed(timed) {
  const rules = Object.entries(timed?.before ?? {}).map(([name, value]) => `${name} ${value}`);
  setTextOrHide(byId("rules-timed"), timed ? texts.timed(dateAndSecond(timed.until), rules.join(", ")) : "");
  byId("rules-keep").hidden = !timed;
}
