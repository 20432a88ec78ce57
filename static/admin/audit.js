// The audit panel: the journal of operators' actions, newest first, older entries on demand.

import { dateAndSecond } from "../lib/venue-clock.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement } from "../ui/dom.js";
import { attempt, showProblem } from "../ui/notices.js";

/**
 * @typedef {import("./session.js").AdminContext} AdminContext
 *
 * @typedef {object} Entry
 * @property {number} id
 * @property {string} at
 * @property {string} who
 * @property {string} what
 * @property {string | null} event
 * @property {Record<string, unknown>} detail
 * @property {boolean} undoable
 */

const PAGE = 20;

/** Bind the panel. Return a function that loads the newest entries. @param {AdminContext} context */
export function auditPanel(context) {
  /** @type {Entry[]} */
  let entries = [];

  /** @param {number} [after] the entry after which to go on */
  const load = async (after) => {
    const from = after === undefined ? "" : `&after=${after}`;
    try {
      const page = (await context.session.read(`/audit?limit=${PAGE}${from}`)).entries;
      entries = after === undefined ? page : [...entries, ...page];
      byId("entries").replaceChildren(...entries.map((entry) => row(entry, undo)));
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
    }, all.admin.audit.undone);

  byId("audit-again").addEventListener("click", () => void load());
  byId("audit-older").addEventListener("click", () => void load(entries.at(-1)?.id));
  return { load: () => load() };
}

/** @param {Entry} entry @param {(entry: Entry) => void} undo */
function row(entry, undo) {
  const { at, who, what, event, detail, undoable } = entry;
  const title = all.admin.audit.entry(who, what, event ?? "");
  return createElement(
    "li",
    {},
    createElement("time", { datetime: at }, dateAndSecond(at)),
    createElement("span", {}, title, createElement("small", {}, detailOf(detail))),
    ...(undoable ? [undoButton(() => undo(entry))] : []),
  );
}

/** @param {() => void} act */
function undoButton(act) {
  const attributes = { type: "button", "data-testid": "undo", "data-writes": "" };
  const button = createElement("button", attributes, all.admin.audit.undo);
  button.addEventListener("click", act);
  return button;
}

/** @param {Record<string, unknown>} detail */
function detailOf(detail) {
  const given = Object.entries(detail ?? {}).filter(([, value]) => value !== null);
  return given
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" · ");
}
