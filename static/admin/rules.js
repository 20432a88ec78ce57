// The rules of an event: shown as they are, and only what was changed is sent.

import { texts } from "../texts/en.js";
import { make, part } from "../ui/dom.js";
import { attempt } from "../ui/notices.js";

/**
 * @typedef {import("../admin.js").Desk} Desk
 * @typedef {import("../admin.js").Event} Event
 */

const words = texts.admin.rules;

/** The rules on this page, with the least value that the server takes. */
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

/** @param {Desk} desk */
export function rules(desk) {
  /** @type {Map<string, HTMLInputElement>} */
  const fields = new Map(
    Object.entries(RULES).map(([name, bounds]) => [name, field(name, bounds)]),
  );
  let shown = "";

  /** What somebody is typing stays, unless another event is shown. @param {Event} event */
  const show = (event) => {
    for (const [name, input] of fields) {
      const changed = input.value !== input.defaultValue;
      input.defaultValue = String(event.rules[name]);
      if (!changed || shown !== event.id) input.value = input.defaultValue;
    }
    shown = event.id;
  };

  part("rules").addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    const changed = changes(fields);
    const event = desk.event;
    if (!event || Object.keys(changed).length === 0) return;
    const path = `/events/${encodeURIComponent(event.id)}/rules`;
    await attempt(async () => {
      const answer = await desk.session.write("PATCH", path, { body: changed });
      for (const input of fields.values()) input.value = input.defaultValue;
      if (desk.event?.id === event.id) desk.took({ ...desk.event, rules: answer.rules });
      desk.noted();
    }, words.done);
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
  const input = make("input", {
    type: "number",
    required: "",
    "data-testid": `rule-${name}`,
    ...bounds,
  });
  const [title, hint] = /** @type {Record<string, string[]>} */ (words.fields)[name];
  const label = make(
    "label",
    {},
    make("span", {}, title),
    input,
    make("span", { class: "hint" }, hint),
  );
  part("rule-fields").append(label);
  return /** @type {HTMLInputElement} */ (input);
}
