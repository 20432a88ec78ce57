// The fields of the rules: for each its control, its bounds, and how its value is read and shown.

import { texts as all } from "../texts/texts.js";
import { createElement, setText } from "../ui/dom.js";

/**
 * @typedef {HTMLInputElement | HTMLSelectElement} Control
 * @typedef {"number" | "choice" | "event"} Kind `event`: the id of one, or empty for none
 * @typedef {{kind: Kind, bounds?: Record<string, string>, isOfOrder?: boolean}} Rule
 *   `isOfOrder`: it stays as it is once the event is open, since people have joined by it
 */

const texts = all.admin.rules;
/** Conversions of a control's text to the value that the server takes. */
const VALUE_OF = {
  number: Number,
  choice: String,
  event: (/** @type {string} */ text) => text || null,
};

/** @param {string} min @param {Record<string, string>} [more] @returns {Rule} */
const number = (min, more = {}) => ({ kind: "number", bounds: { min, step: "1", ...more } });

/** The rules by their group, each with the bounds that the server accepts. @type {Record<string, Record<string, Rule>>} */
const GROUPS = {
  line: {
    rate_per_second: number("0", { max: "100000", step: "any" }),
    active_max: number("0"),
    waiting_max: number("0"),
    queue_from: number("0"),
    claim_seconds: number("1"),
    late_seconds: number("0"),
    late_max: number("0"),
    pass_seconds: number("1"),
  },
  fairness: {
    fairness: { kind: "choice", isOfOrder: true },
    window_seconds: { ...number("1", { max: "60" }), isOfOrder: true },
    identity: { kind: "choice" },
    join_share_max: number("0.001", { max: "1", step: "any" }),
    proof_bits_max: number("0", { max: "24" }),
    again_from: { kind: "event", bounds: { pattern: "[a-z0-9\\-]{1,64}", maxlength: "64" } },
  },
  holds: {
    tickets_per_visitor_max: number("1", { max: "1000" }),
    hold_seconds: number("1"),
    hold_total_seconds: number("1"),
    extensions_max: number("0", { max: "1000" }),
    churn_max: number("0", { max: "100" }),
    payment_seconds: number("1"),
    payment_attempts_max: number("1", { max: "100" }),
  },
};

/** Field of one rule: its control, the saved value as text, and what is typed instead. */
class RuleField {
  saved = "";

  /** @param {string} name @param {Rule} rule */
  constructor(name, rule) {
    this.name = name;
    this.rule = rule;
    this.control = controlOf(name, rule);
    this.change = createElement("span", { class: "change" });
  }

  get isChanged() {
    return this.control.value !== this.saved;
  }

  /** Return what is typed, as the server takes it. */
  get value() {
    return VALUE_OF[this.rule.kind](this.control.value);
  }

  /** Show a saved value; what is typed stays where `keep` says so. @param {unknown} value @param {boolean} keep */
  show(value, keep) {
    const isKept = keep && this.isChanged;
    this.saved = value === null || value === undefined ? "" : String(value);
    if (!isKept) this.reset();
  }

  reset() {
    this.control.value = this.saved;
  }

  /** Say "500 → 7" beside a changed field. */
  mark() {
    this.control.closest("label")?.toggleAttribute("data-changed", this.isChanged);
    const [from, to] = [this.saved, this.control.value].map((value) => this.#said(value));
    setText(this.change, this.isChanged ? texts.change(from ?? "", to ?? "") : "");
  }

  /** @param {string} value */
  #said(value) {
    if (this.rule.kind !== "choice") return value;
    return choicesOf(this.name)[value] ?? value;
  }
}

/** Append the fields of every rule in their groups. Return them. @param {HTMLElement} parent */
export function ruleFields(parent) {
  const groups = Object.entries(GROUPS).map(([group, rules]) => {
    const fields = Object.entries(rules).map(([name, rule]) => new RuleField(name, rule));
    const title = /** @type {Record<string, string>} */ (texts.groups)[group] ?? group;
    const box = createElement("div", { class: "fields" }, ...fields.map(labelOf));
    parent.append(createElement("h3", {}, title), box);
    return fields;
  });
  return groups.flat();
}

/** @param {RuleField} field */
function labelOf({ name, control, change }) {
  const [title = name, hint = ""] = /** @type {Record<string, string[]>} */ (texts.fields)[name] ?? [];
  return createElement(
    "label",
    {},
    createElement("span", {}, title),
    control,
    createElement("span", { class: "hint" }, hint),
    change,
  );
}

/** @param {string} name @param {Rule} rule @returns {Control} */
function controlOf(name, { kind, bounds = {} }) {
  const id = { "data-testid": `rule-${name}` };
  if (kind === "choice") {
    const options = Object.entries(choicesOf(name)).map(([value, text]) =>
      createElement("option", { value }, text),
    );
    return /** @type {HTMLSelectElement} */ (createElement("select", id, ...options));
  }
  const type = kind === "number" ? { type: "number", required: "" } : { autocomplete: "off", spellcheck: "false" };
  return /** @type {HTMLInputElement} */ (createElement("input", { ...id, ...type, ...bounds }));
}

/** @param {string} name @returns {Record<string, string>} */
function choicesOf(name) {
  return /** @type {Record<string, Record<string, string>>} */ (texts.choices)[name] ?? {};
}
