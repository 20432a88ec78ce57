// The reconciliation panel: compares Redis with Postgres on demand and lists the differences.

import { texts as all } from "../texts/texts.js";
import { byId, createElement, setText, setTextOrHide } from "../ui/dom.js";
import { attempt } from "../ui/notices.js";

/** @typedef {import("../admin/session.js").AdminContext} AdminContext */

const texts = all.admin.reconcile;

/** Bind the panel. @param {AdminContext} context */
export function reconciliationPanel(context) {
  let shown = "";

  byId("reconcile").addEventListener("click", async () => {
    const event = context.event;
    if (!event) return;
    byId("reconcile").setAttribute("aria-disabled", "true");
    setText(byId("reconcile"), texts.asking);
    await attempt(async () => {
      const path = `/events/${encodeURIComponent(event.id)}/reconcile`;
      const { differences } = await context.session.write("POST", path);
      setTextOrHide(byId("reconciled"), texts.found(differences.length));
      byId("reconciled").dataset.found = String(differences.length);
      byId("differences").replaceChildren(...differences.map(item));
      context.journalChanged();
    });
    byId("reconcile").setAttribute("aria-disabled", "false");
    setText(byId("reconcile"), texts.button);
  });

  return {
    /** @param {import("../admin/session.js").Event} event */
    show(event) {
      if (shown === event.id) return;
      shown = event.id;
      setTextOrHide(byId("reconciled"), "");
      byId("differences").replaceChildren();
    },
  };
}

/** Return one difference as the server words it. @param {unknown} difference */
function item(difference) {
  if (typeof difference !== "object" || difference === null)
    return createElement("li", {}, String(difference));
  const members = Object.entries(difference).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return createElement("span", {}, createElement("small", {}, `${name} `), text);
  });
  return createElement("li", {}, ...members);
}
