// Comparing the books on demand: what the fast store and the records say differently.

import { texts } from "../texts/en.js";
import { make, part, write, writeIf } from "../ui/dom.js";
import { attempt } from "../ui/notices.js";

/** @typedef {import("../admin.js").Desk} Desk */

const words = texts.admin.reconcile;

/** @param {Desk} desk */
export function reconciliation(desk) {
  let shown = "";

  part("reconcile").addEventListener("click", async () => {
    const event = desk.event;
    if (!event) return;
    part("reconcile").setAttribute("aria-disabled", "true");
    write(part("reconcile"), words.asking);
    await attempt(async () => {
      const path = `/events/${encodeURIComponent(event.id)}/reconcile`;
      const { differences } = await desk.session.write("POST", path);
      writeIf(part("reconciled"), words.found(differences.length));
      part("reconciled").dataset.found = String(differences.length);
      part("differences").replaceChildren(...differences.map(item));
      desk.noted();
    });
    part("reconcile").setAttribute("aria-disabled", "false");
    write(part("reconcile"), words.button);
  });

  return {
    /** @param {import("../admin.js").Event} event */
    show(event) {
      if (shown === event.id) return;
      shown = event.id;
      writeIf(part("reconciled"), "");
      part("differences").replaceChildren();
    },
  };
}

/** One difference, as the server words it. @param {unknown} difference */
function item(difference) {
  if (typeof difference !== "object" || difference === null)
    return make("li", {}, String(difference));
  const said = Object.entries(difference).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return make("span", {}, make("small", {}, `${name} `), text);
  });
  return make("li", {}, ...said);
}
