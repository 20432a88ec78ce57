// The panel "Why did I wait?": the visitor's own history, entry by entry, and what this browser checked of it.

import { Problem, request } from "../lib/api.js";
import { dateAndSecond } from "../lib/dates.js";
import { drawOfEntries } from "../lottery/draw-of-entries.js";
import { texts as all } from "../texts/texts.js";
import { byId, control, createElement, setText } from "../ui/dom.js";

/** @typedef {import("./journal-check.js").Entry} Entry */

const texts = all.event.history;

/** Load the history of the visitor in an event, and draw it with its checks. @param {string} event */
export async function showOwnHistory(event) {
  const note = byId("history-note");
  setText(note, texts.loading);
  try {
    const path = `/api/v1/events/${encodeURIComponent(event)}/queue/history`;
    const { entries } = await request("GET", path);
    byId("history-list").replaceChildren(...entries.map(row));
    setText(note, entries.length ? texts.checking : texts.none);
    if (!entries.length) return;
    const visitor = byId("visitor").textContent ?? "";
    const { checkHistory } = await import("./journal-check.js");
    const checks = {
      ...(await checkHistory(event, visitor, { entries, receipt: control("receipt").value })),
      ...(await checkOwnDraw(event, entries)),
    };
    byId("history-checks").replaceChildren(...Object.entries(checks).map(check));
    setText(note, texts.shared);
  } catch (problem) {
    setText(note, problem instanceof Problem ? problem.message : texts.unchecked);
  }
}

/** Check the number that a draw gave, where there is one whose seed is told. @param {string} event @param {Entry[]} entries */
async function checkOwnDraw(event, entries) {
  if (!entries.some(({ what }) => what === "drawn")) return {};
  const told = await request("GET", `/api/v1/events/${encodeURIComponent(event)}`);
  const drawn = drawOfEntries(entries, told.event);
  if (!drawn) return {};
  const { checkDraw } = await import("../lottery/draw-check.js");
  const { seed, number } = await checkDraw(drawn);
  return { draw: seed === null ? null : seed && number };
}

/** @param {Entry} entry */
function row(entry) {
  const said = sentenceOf(entry) ?? entry.because;
  const time = createElement("time", { datetime: entry.at }, dateAndSecond(entry.at));
  return createElement("li", { "data-what": entry.what }, time, " ", said);
}

/** Return an entry as a sentence in the page's language, if it has one. @param {Entry} entry */
function sentenceOf(entry) {
  const kind = entry.what === "state" ? (entry.why ?? "").split(":")[0] : entry.what;
  const said = /** @type {Record<string, string | ((entry: Entry) => string) | undefined>} */ (texts.what)[kind];
  return typeof said === "function" ? said(entry) : said;
}

/** @param {[string, boolean | null]} checked its name, and the verdict; null: it cannot be checked here */
function check([name, verdict]) {
  const said = verdict === null ? texts.cannot : verdict ? texts.right : texts.wrong;
  const text = `${said} ${texts.checks[/** @type {keyof typeof texts.checks} */ (name)]}`;
  return createElement("li", { "data-check": name, "data-verdict": String(verdict) }, text);
}
