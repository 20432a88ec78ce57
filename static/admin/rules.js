// The rules form: shows an event's rules, and sends only the changed ones.

import { en } from "../texts/en.js";
import { byId, createElement } from "../ui/dom.js";
import { attempt } from "../ui/notices.js";

/**
 * @typedef {import("./session.js").AdminContext} AdminContext
 * @typedef {import("./session.js").Event} Event
 */

const texts = en.admin.rules;

/** The rules on this page, each with the least value that the server accepts. */
const RULES = {
  rate_per_second: { min: "0", step: "any" },
  active_max: { min: "0", step: "1" },
  waiting_max: { min: "0", step: "1" },
  claim_seconds: { min: "1", step: "1" },
  late_seconds: { min: "0", step: "1" },
  pass_seconds: { min: "1", step: "1" },
  hold_seconds: { min: "1", step: "1" },
  payment_seconds: { min: "1", step: "1" },
  payment_attempts_max: { min: "1", step: "1" },
  tickets_per_visitor_max: { min: "1", step: "1" },
  extensions_max: { min: "0", step: "1" },
};

/** Bind the form. @param {AdminContext} context */
export function rulesPanel(context) {
  /** @type {Map<string, HTMLInputElement>} */
  const fields = new Map(
    Object.entries(RULES).map(([name, bounds]) => [name, field(name, bounds)]),
  );
  let shown = "";

  /** Show an event's rules. Keep what is being typed, unless it is another event. @param {Event} event */
  const show = (event) => {
    for (const [name, input] of fields) {
      const changed = input.value !== input.defaultValue;
      input.defaultValue = String(event.rules[name]);
      if (!changed || shown !== event.id) input.value = input.defaultValue;
    }
    shown = event.id;
  };

  byId("rules").addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    const changed = changes(fields);
    const event = context.event;
    if (!event || Object.keys(changed).length === 0) return;
    const path = `/events/${encodeURIComponent(event.id)}/rules`;
    await attempt(async () => {
      const answer = await context.session.write("PATCH", path, { body: changed });
      for (const input of fields.values()) input.value = input.defaultValue;
      if (context.event?.id === event.id)
        context.eventChanged({ ...context.event, rules: answer.rules });
      context.journalChanged();
    }, texts.done);
  });

  return { show };
}

/** @param {Map<string, HTMLInputElement>} fields */
function changes(fields) {
  const changed = [...fields].filter(([, input]) => input.value !== input.defaultValue);
  return Object.fromEntries(changed.map(([name, input]) => [name, Number(input.value)]));
}

/** @param {string} name @param {Record<string, string>} bounds */
function field(name, bounds) {
  const input = createElement("input", {
    type: "number",
    required: "",
    "data-testid": `rule-${name}`,
    ...bounds,
  });
  const [title, hint] = /** @type {Record<string, string[]>} */ (texts.fields)[name];
  const label = createElement(
    "label",
    {},
    createElement("span", {}, title),
    input,
    createElement("span", { class: "hint" }, hint),
  );
  byId("rule-fields").append(label);
  return /** @type {HTMLInputElement} */ (input);
}
