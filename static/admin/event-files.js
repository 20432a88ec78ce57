// Files of events: the chosen one is exported or cloned, and one is created from a file.

import { Problem } from "../lib/api.js";
import { texts as all } from "../texts/texts.js";
import { byId, control } from "../ui/dom.js";
import { attempt, showProblem } from "../ui/notices.js";
import { saveFile } from "../ui/save-file.js";

/** @typedef {import("./session.js").AdminContext} AdminContext */

const ID_MAX = 64; // characters
const texts = all.admin.events;

/** Bind the buttons. @param {AdminContext} context @param {() => {id: string}[]} known events */
export function eventFiles(context, known) {
  const definition = () =>
    context.session.read(`/events/${encodeURIComponent(context.event?.id ?? "")}/export`);

  /** Create an event, under an id that is free. @param {Record<string, any>} body @param {string} done */
  const create = (body, done) =>
    attempt(async () => {
      const taken = new Set(known().map(({ id }) => id));
      const free = { ...body, id: freeId(String(body.id ?? ""), taken) };
      const { event } = await context.session.write("POST", "/events", { body: free });
      context.eventChanged(event);
      context.open({ page: "events", event: event.id });
      context.journalChanged();
    }, done);

  byId("export-event").addEventListener("click", () => {
    void attempt(async () => saveDefinition(await definition()));
  });
  byId("clone-event").addEventListener("click", () => {
    void attempt(async () => {
      const { opens_at: _opens, closes_at: _closes, ...body } = await definition();
      await create({ ...body, name: texts.copyOf(body.name) }, texts.cloned);
    });
  });
  byId("import-event").addEventListener("click", () => control("import-file").click());
  control("import-file").addEventListener("change", async () => {
    const file = control("import-file").files?.[0];
    control("import-file").value = "";
    if (!file) return;
    const body = parsed(await file.text());
    if (body) await create(body, texts.imported);
    else showProblem(new Problem({ detail: texts.notJson }));
  });
}

/** Return the id, or the first of `id-2`, `id-3` … that is free. @param {string} id @param {Set<string>} taken */
function freeId(id, taken) {
  let free = id;
  for (let next = 2; taken.has(free); next++) free = `${id.slice(0, ID_MAX - 5)}-${next}`;
  return free;
}

/** Return the object that a text is as JSON, or null. @param {string} text */
function parsed(text) {
  try {
    const value = JSON.parse(text);
    return value && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** @param {Record<string, any>} body */
function saveDefinition(body) {
  const file = new Blob([JSON.stringify(body, null, 2)], { type: "application/json" });
  saveFile(file, `${body.id}.json`);
}
