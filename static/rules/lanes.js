// The lanes panel: each lane's weight, wait and share, the form of a weight, and the form of codes.

import { attemptForm } from "../admin/form-mistakes.js";
import { saveCsv } from "../admin/csv-file.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement, renderIfChanged } from "../ui/dom.js";
import { attempt } from "../ui/notices.js";

/**
 * @typedef {import("../admin/session.js").AdminContext} AdminContext
 * @typedef {import("../admin/session.js").Event} Event
 * @typedef {{lane: string, weight: number, waiting: number, share: number}} Lane
 */

const NAME = { "data-testid": "lane-name", required: "", pattern: "[a-z0-9\\-]{1,64}" };
const WEIGHT = { "data-testid": "lane-weight", type: "number", min: "0", max: "1000", value: "1" };
const COUNT = { "data-testid": "codes-count", type: "number", min: "1", max: "10000", value: "10" };
const USES = { "data-testid": "codes-uses", type: "number", min: "1", max: "1000000", value: "1" };
const texts = all.admin.lanes;

/** Build the table and the forms. @param {AdminContext} context */
export function lanesPanel(context) {
  const rows = createElement("tbody", {});
  const name = input(NAME);
  const weight = input(WEIGHT);
  const lane = createElement("select", { "data-testid": "codes-lane" });
  const count = input(COUNT);
  const uses = input(USES);
  const made = createElement("textarea", { "data-testid": "codes-list", rows: "6", readonly: "" });
  const madeLabel = labelled(texts.list, made);
  const saveAll = createElement("button", { type: "button", "data-testid": "codes-csv" }, texts.csv);
  /** @type {Record<string, HTMLElement>} */
  const controls = { lane, count, uses };
  let shown = "";

  /** @param {string[]} codes */
  const showCodes = (codes) => {
    madeLabel.hidden = codes.length === 0;
    made.textContent = codes.join("\n");
  };
  const save = () => saveLane(context, name.value, Number(weight.value));
  const make = async () => {
    const choice = /** @type {HTMLSelectElement} */ (lane).value;
    const body = { lane: choice, count: Number(count.value), uses: Number(uses.value) };
    showCodes(await makeCodes(context, body));
  };
  byId("lanes").append(
    createElement("table", { "data-testid": "lanes" }, headRow(), rows),
    form(
      [labelled(texts.name, name), labelled(texts.weight, weight)],
      button("save-lane", texts.save),
      (element) => attemptForm(element, (field) => (field.startsWith("lanes") ? name : null), save, texts.saved),
    ),
    createElement("h3", {}, texts.codes),
    form(
      [labelled(texts.name, lane), labelled(texts.count, count), labelled(texts.uses, uses)],
      button("make-codes", texts.make),
      (element) => attemptForm(element, (field) => controls[field], make, texts.made),
    ),
    madeLabel,
    createElement("div", { class: "actions" }, saveAll),
  );
  saveAll.addEventListener("click", () => void attempt(() => saveCodes(context)));
  showCodes([]);

  return {
    /** Show an event's lanes; new codes stay until another event is chosen. @param {Event} event */
    show(event) {
      const names = Object.keys(event.rules.lanes);
      renderIfChanged(lane, names, () =>
        names.map((value) => createElement("option", { value }, value)),
      );
      if (shown !== event.id) showCodes([]);
      shown = event.id;
    },
    /** @param {Record<string, any>} stats */
    draw(stats) {
      const lanes = /** @type {Lane[]} */ (stats.lanes ?? []);
      renderIfChanged(rows, lanes, () => lanes.map(row));
    },
    clear: () => renderIfChanged(rows, null, () => []),
  };
}

/** Set the weight of one lane; 0 removes it. @param {AdminContext} context @param {string} name @param {number} weight */
async function saveLane(context, name, weight) {
  const { event } = context;
  if (!event) return;
  const lanes = { ...event.rules.lanes, [name]: weight };
  if (!weight) delete lanes[name];
  const answer = await context.session.write("PATCH", `${pathOf(event)}/rules`, { body: { lanes } });
  context.eventChanged({ ...event, rules: answer.rules });
  context.journalChanged();
}

/** Make codes. Return them. @param {AdminContext} context @param {Record<string, unknown>} body */
async function makeCodes(context, body) {
  if (!context.event) return [];
  const answer = await context.session.write("POST", `${pathOf(context.event)}/codes`, { body });
  context.journalChanged();
  return /** @type {string[]} */ (answer.codes);
}

/** Save every code of the chosen event with its uses as a file. @param {AdminContext} context */
async function saveCodes({ event, session }) {
  if (event) await saveCsv(session, { path: `${pathOf(event)}/codes`, name: `${event.id}-codes.csv` });
}

/** @param {HTMLElement[]} fields @param {HTMLElement} action @param {(form: HTMLElement) => Promise<unknown>} act */
function form(fields, action, act) {
  const element = createElement(
    "form",
    {},
    createElement("fieldset", { class: "fields", "data-writes": "" }, ...fields),
    createElement("fieldset", { class: "actions", "data-writes": "" }, action),
  );
  element.addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    void act(element);
  });
  return element;
}

/** @param {Record<string, string>} attributes */
function input(attributes) {
  const all = { required: "", autocomplete: "off", ...attributes };
  return /** @type {HTMLInputElement} */ (createElement("input", all));
}

/** @param {string} testid @param {string} text */
function button(testid, text) {
  return createElement("button", { "data-testid": testid }, text);
}

/** @param {string} title @param {HTMLElement} field */
function labelled(title, field) {
  return createElement("label", {}, createElement("span", {}, title), field);
}

function headRow() {
  const cells = Object.values(texts.columns).map((text) => createElement("th", { scope: "col" }, text));
  return createElement("thead", {}, createElement("tr", {}, ...cells));
}

/** @param {Lane} lane */
function row({ lane, weight, waiting, share }) {
  const cells = [lane, String(weight), String(waiting), texts.share(share)];
  return createElement("tr", {}, ...cells.map((text) => createElement("td", {}, text)));
}

/** @param {Event} event */
function pathOf(event) {
  return `/events/${encodeURIComponent(event.id)}`;
}
