// The journal of what operators did, the newest first, older entries on demand.

import { moment } from "../lib/dates.js";
import { texts } from "../texts/en.js";
import { make, part } from "../ui/dom.js";
import { showProblem } from "../ui/notices.js";

/**
 * @typedef {import("../admin.js").Desk} Desk
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

/** @param {Desk} desk */
export function audit(desk) {
  /** @type {Entry[]} */
  let entries = [];

  /** @param {number} [after] the entry after which to go on */
  const load = async (after) => {
    const from = after === undefined ? "" : `&after=${after}`;
    try {
      const page = (await desk.session.read(`/audit?limit=${PAGE}${from}`)).entries;
      entries = after === undefined ? page : [...entries, ...page];
      part("entries").replaceChildren(...entries.map(row));
      part("audit-older").hidden = page.length < PAGE;
    } catch (problem) {
      showProblem(problem);
    }
  };

  part("audit-again").addEventListener("click", () => void load());
  part("audit-older").addEventListener("click", () => void load(entries.at(-1)?.id));
  return { load: () => load() };
}

/** @param {Entry} entry */
function row({ at, who, what, event, detail }) {
  const said = texts.admin.audit.entry(who, what, event ?? "");
  return make(
    "li",
    {},
    make("time", { datetime: at }, moment(at)),
    make("span", {}, said, make("small", {}, detailOf(detail))),
  );
}

/** @param {Record<string, unknown>} detail */
function detailOf(detail) {
  const told = Object.entries(detail ?? {}).filter(([, value]) => value !== null);
  return told
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" · ");
}
