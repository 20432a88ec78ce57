// The rules form: shows what changes from which value, what a rate means, and sends only the changed ones.

import { en } from "../texts/en.js";
import { byId, createElement, setText } from "../ui/dom.js";
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
  hold_total_seconds: { min: "1", step: "1" },
  churn_max: { min: "0", step: "1" },
  join_share_max: { min: "0.001", max: "1", step: "any" },
  proof_bits_max: { min: "0", step: "1" },
};

/** Bind the form. @param {AdminContext} context */
export function rulesPanel(context) {
  /** @type {Map<string, HTMLInputElement>} */
  const fields = new Map(
    Object.entries(RULES).map(([name, bounds]) => [name, field(name, bounds)]),
  );
  let shown = "";
  let waiting = 0;

  /** Mark what is not saved, here and in the navigation, and say what the rate would mean. */
  const mark = () => {
    const count = Object.keys(changes(fields)).length;
    for (const input of fields.values()) markField(input);
    setText(byId("rules-unsaved"), count ? texts.unsaved(count) : "");
    byId("rules-undo").hidden = count === 0;
    document.querySelector('[data-go="rules"]')?.toggleAttribute("data-unsaved", count > 0);
    const rate = fields.get("rate_per_second");
    setText(byId("rate-preview"), rate ? previewOf(waiting, Number(rate.value)) : "");
  };

  for (const input of fields.values()) input.addEventListener("input", mark);
  byId("rules-undo").addEventListener("click", () => {
    for (const input of fields.values()) input.value = input.defaultValue;
    mark();
  });

  /** Show an event's rules. Keep what is being typed, unless it is another event. @param {Event} event */
  const show = (event) => {
    for (const [name, input] of fields) {
      const changed = input.value !== input.defaultValue;
      input.defaultValue = String(event.rules[name]);
      if (!changed || shown !== event.id) input.value = input.defaultValue;
    }
    shown = event.id;
    mark();
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

  /** @param {Record<string, any>} stats */
  const draw = (stats) => {
    if (typeof stats.waiting !== "number" || stats.waiting === waiting) return;
    waiting = stats.waiting;
    mark();
  };

  return { show, draw, clear: () => (waiting = 0) };
}

/** Return how long a rate needs for who waits: "2,900 waiting → 16 min". @param {number} waiting @param {number} rate */
function previewOf(waiting, rate) {
  if (!waiting) return texts.nobodyWaits;
  return rate > 0 ? texts.preview(waiting, waiting / rate) : texts.nobodyMoves(waiting);
}

/** Say "was 500 → 7" beside a changed field. @param {HTMLInputElement} input */
function markField(input) {
  const label = /** @type {HTMLElement} */ (input.closest("label"));
  const isChanged = input.value !== input.defaultValue;
  label.toggleAttribute("data-changed", isChanged);
  const text = isChanged ? texts.change(input.defaultValue, input.value) : "";
  setText(/** @type {Element} */ (label.querySelector(".change")), text);
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
    createElement("span", { class: "change" }),
  );
  byId("rule-fields").append(label);
  return /** @type {HTMLInputElement} */ (input);
}
