// Saying something to who waits or books: each wish has a key, so that a retry is never said twice.

import { newKey } from "../lib/idempotency-key.js";
import { texts } from "../texts/en.js";
import { control, make, part } from "../ui/dom.js";
import { attempt } from "../ui/notices.js";

/** @typedef {import("../admin.js").Desk} Desk */

const words = texts.admin.broadcast;

/** @param {Desk} desk */
export function broadcast(desk) {
  /** @type {{key: string, said: string} | null} the wish whose outcome is open */
  let open = null;

  options("broadcast-level", words.levels);
  options("broadcast-audience", words.audiences);

  part("broadcast").addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    const event = desk.event;
    if (!event) return;
    const path = `/events/${encodeURIComponent(event.id)}/broadcast`;
    const body = wish();
    const said = JSON.stringify([event.id, body]);
    const { key } = (open = open?.said === said ? open : { key: newKey(), said });
    await attempt(async () => {
      await desk.session.write("POST", path, { body, headers: { "Idempotency-Key": key } });
      open = null;
      control("broadcast-text").value = "";
      desk.noted();
    }, words.done);
  });

  return { show() {} };
}

function wish() {
  return {
    text: control("broadcast-text").value,
    level: control("broadcast-level").value,
    audience: control("broadcast-audience").value,
  };
}

/** @param {string} id @param {Record<string, string>} named */
function options(id, named) {
  part(id).append(...Object.entries(named).map(([value, text]) => make("option", { value }, text)));
}
