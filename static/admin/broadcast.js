// The broadcast form: one idempotency key a message, so that a retry never sends it twice.

import { newIdempotencyKey } from "../lib/idempotency-key.js";
import { texts as all } from "../texts/texts.js";
import { byId, control, createElement, setText } from "../ui/dom.js";
import { attemptForm } from "./form-mistakes.js";

/** @typedef {import("./session.js").AdminContext} AdminContext */

const texts = all.admin.broadcast;

/** Bind the form. @param {AdminContext} context */
export function broadcastForm(context) {
  /** @type {{key: string, content: string} | null} the request that has not succeeded yet */
  let pending = null;

  options("broadcast-level", texts.levels);
  options("broadcast-audience", texts.audiences);

  const draw = () => {
    const { waiting = 0, active = 0 } = context.stats ?? {};
    const reach = { all: waiting + active, waiting, admitted: active };
    const audience = /** @type {keyof typeof reach} */ (control("broadcast-audience").value);
    setText(byId("broadcast-reach"), texts.reach(reach[audience]));
  };

  byId("broadcast-audience").addEventListener("change", draw);
  byId("broadcast").addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    const event = context.event;
    if (!event) return;
    const path = `/events/${encodeURIComponent(event.id)}/broadcast`;
    const body = formBody();
    const content = JSON.stringify([event.id, body]);
    if (pending?.content !== content) pending = { key: newIdempotencyKey(), content };
    const { key } = pending;
    await attemptForm(byId("broadcast"), (field) => document.getElementById(`broadcast-${field}`), async () => {
      await context.session.write("POST", path, { body, headers: { "Idempotency-Key": key } });
      pending = null;
      control("broadcast-text").value = "";
      context.journalChanged();
    }, texts.done);
  });

  return { show: draw, draw, clear: draw };
}

function formBody() {
  return {
    text: control("broadcast-text").value,
    level: control("broadcast-level").value,
    audience: control("broadcast-audience").value,
  };
}

/** @param {string} id @param {Record<string, string>} named */
function options(id, named) {
  byId(id).append(
    ...Object.entries(named).map(([value, text]) => createElement("option", { value }, text)),
  );
}
