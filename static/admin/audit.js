// The audit panel: the journal of operators' actions in words, newest first, older entries on demand.

import { spans } from "../lib/spans.js";
import { dateAndSecond } from "../lib/venue-clock.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement } from "../ui/dom.js";
import { attempt, showProblem } from "../ui/notices.js";
import { hashOf } from "./pages.js";

/**
 * @typedef {import("./session.js").AdminContext} AdminContext
 * @typedef {import("./session.js").Event} Event
 *
 * @typedef {object} Entry
 * @property {number} id
 * @property {string} at
 * @property {string} who
 * @property {string} what
 * @property {string | null} event
 * @property {Record<string, unknown>} detail
 * @property {boolean} undoable
 * @property {Record<string, unknown> | null} before of rules, how they were
 */

const PAGE = 20;
const ROWS_MAX = 6; // whose seats an entry names
/** Pages that show what a detail names. */
const PAGES = { booking: "bookings", visitor: "visitors" };
/** Words that a detail stands for. @type {Record<string, Record<string, string>>} */
const WORDS = { level: all.admin.broadcast.levels, audience: all.admin.broadcast.audiences };
const texts = all.admin.audit;

/** Bind the panel. Return a function that loads the newest entries. @param {AdminContext} context @param {() => Event[]} events that are known */
export function auditPanel(context, events) {
  /** @type {Entry[]} */
  let entries = [];

  /** @param {number} [after] the entry after which to go on */
  const load = async (after) => {
    const from = after === undefined ? "" : `&after=${after}`;
    try {
      const page = (await context.session.read(`/audit?limit=${PAGE}${from}`)).entries;
      entries = after === undefined ? page : [...entries, ...page];
      byId("entries").replaceChildren(...entries.map((entry) => row(entry, events().find(({ id }) => id === entry.event), undo)));
      byId("audit-older").hidden = page.length < PAGE;
    } catch (problem) {
      showProblem(problem);
    }
  };

  /** Undo the act of an entry, and show its event as it is then. @param {Entry} entry */
  const undo = (entry) =>
    attempt(async () => {
      const path = `/events/${encodeURIComponent(entry.event ?? "")}/undo`;
      const answer = await context.session.write("POST", path, { body: { entry: entry.id } });
      if (context.event?.id === entry.event) context.eventChanged(answer.event);
      await load();
    }, texts.undone);

  byId("audit-again").addEventListener("click", () => void load());
  byId("audit-older").addEventListener("click", () => void load(entries.at(-1)?.id));
  return { load: () => load() };
}

/** @param {Entry} entry @param {Event | undefined} known its event @param {(entry: Entry) => void} undo */
function row(entry, known, undo) {
  const { at, who, what, event, undoable } = entry;
  const [, visitor = ""] = /^visitor:(v_.+)/.exec(who) ?? [];
  const whom = visitor ? texts.visitor(visitor.slice(0, 8)) : who;
  const title = texts.entry(whom, visitor && what === "refund" ? texts.gaveBack : actText(what), known?.name ?? event ?? "");
  return createElement(
    "li",
    {},
    createElement("time", { datetime: at }, dateAndSecond(at)),
    createElement("span", {}, title, createElement("small", {}, ...detailOf(entry, known))),
    ...(undoable ? [undoButton(() => undo(entry))] : []),
  );
}

/** @param {() => void} act */
function undoButton(act) {
  const attributes = { type: "button", "data-testid": "undo", "data-writes": "" };
  const button = createElement("button", attributes, texts.undo);
  button.addEventListener("click", act);
  return button;
}

/** Return an act in words. @param {string} what */
export function actText(what) {
  return /** @type {Record<string, string>} */ (texts.acts)[what] ?? what;
}

/** Return the details of an entry in words; those that the console can show as links. @param {Entry} entry @param {Event | undefined} known */
function detailOf({ detail, event, before }, known) {
  const given = Object.entries(detail ?? {}).filter(([name, value]) => (before && name in before) || (value !== null && value !== ""));
  return given.flatMap(([name, value], at) => [
    at ? " · " : "",
    `${nameOf(name)}: `,
    ...(before && name in before ? [...valueOf(name, before[name], { event: event ?? "", known }), " → "] : []),
    ...valueOf(name, value, { event: event ?? "", known }),
  ]);
}

/** @param {string} name */
function nameOf(name) {
  const [rule] = /** @type {Record<string, string[]>} */ (all.admin.rules.fields)[name] ?? [];
  return rule ?? /** @type {Record<string, string>} */ (texts.details)[name] ?? name;
}

/** @param {string} name @param {any} value @param {{event: string, known: Event | undefined}} of */
function valueOf(name, value, { event, known }) {
  const page = /** @type {Record<string, import("./pages.js").PageName>} */ (PAGES)[name];
  if (page && event && typeof value === "string")
    return [createElement("a", { href: hashOf({ page, event, about: value }) }, value)];
  if (name === "seats" && Array.isArray(value)) return [seatsText(value, known)];
  if (name === "act") return [actText(value)];
  if (WORDS[name]?.[value]) return [WORDS[name][value]];
  if (Array.isArray(value)) return [value.length > 1 ? `${value.length}` : JSON.stringify(value[0] ?? "")];
  if (value && typeof value === "object")
    return [Object.entries(value).map(([key, one]) => `${key} ${typeof one === "object" ? JSON.stringify(one) : one}`).join(", ")];
  return [String(value ?? texts.nothing)];
}

/** Return seats in words: "Stalls row A 1–4, 7". @param {string[]} seats @param {Event | undefined} known */
function seatsText(seats, known) {
  /** @type {Map<string, number[]>} */
  const rows = new Map();
  for (const seat of seats) {
    const at = seat.lastIndexOf("-");
    const row = seat.slice(0, at);
    rows.set(row, [...(rows.get(row) ?? []), Number(seat.slice(at + 1))]);
  }
  const said = [...rows].slice(0, ROWS_MAX).map(([row, numbers]) => {
    const [section = "", name = ""] = row.split(".");
    const title = known?.sections.find(({ id }) => id === section)?.name ?? section;
    return texts.seats(title, name, spans(numbers));
  });
  return [...said, ...(rows.size > ROWS_MAX ? [texts.more(rows.size - ROWS_MAX)] : [])].join("; ");
}
