// The audit panel: the journal of operators' actions, newest first, older entries on demand.

import { dateAndSecond } from "../lib/dates.js";
import { en } from "../texts/en.js";
import { byId, createElement } from "../ui/dom.js";
import { showProblem } from "../ui/notices.js";

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
      byId("entries").replaceChildren(...entries.map(row));
      byId("audit-older").hidden = page.length < PAGE;
    } catch (problem) {
      showProblem(problem);
    }
  };

  byId("audit-again").addEventListener("click", () => void load());
  byId("audit-older").addEventListener("click", () => void load(entries.at(-1)?.id));
  return { load: () => load() };
}

/** @param {Entry} entry */
function row({ at, who, what, event, detail }) {
  const title = en.admin.audit.entry(who, what, event ?? "");
  return createElement(
    "li",
    {},
    createElement("time", { datetime: at }, dateAndSecond(at)),
    createElement("span", {}, title, createElement("small", {}, detailOf(detail))),
  );
}

/** @param {Record<string, unknown>} detail */
function detailOf(detail) {
  const given = Object.entries(detail ?? {}).filter(([, value]) => value !== null);
  return given
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" · ");
}
