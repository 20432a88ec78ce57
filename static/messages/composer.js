// The composer of messages: whom one reaches, how it will look, and one idempotency key a message.

import { attemptForm } from "../admin/form-mistakes.js";
import { newIdempotencyKey } from "../lib/idempotency-key.js";
import { texts as all } from "../texts/texts.js";
import { byId, control, createElement, setText } from "../ui/dom.js";

/** @typedef {import("../admin/session.js").AdminContext} AdminContext */
/** @typedef {keyof typeof texts.audiences} Audience */

const texts = all.admin.broadcast;

/** Bind the form. @param {AdminContext} context @param {() => void} onSent */
export function messageComposer(context, onSent) {
  /** @type {{key: string, content: string} | null} the request that has not succeeded yet */
  let pending = null;

  options("broadcast-level", texts.levels);
  options("broadcast-audience", texts.audiences);

  const draw = () => {
    const { waiting = 0, late = 0, active = 0 } = context.stats ?? {};
    const reach = { all: waiting + late + active, waiting: waiting + late, admitted: active };
    const audience = /** @type {Audience} */ (control("broadcast-audience").value);
    setText(byId("broadcast-reach"), texts.reach(reach[audience]));
  };

  const preview = () => {
    const { text, level } = formBody();
    byId("broadcast-preview").hidden = text === "";
    byId("broadcast-banner").dataset.level = level;
    setText(byId("broadcast-said"), text);
  };

  byId("broadcast-audience").addEventListener("change", draw);
  byId("broadcast").addEventListener("input", preview);
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
      preview();
      context.journalChanged();
      onSent();
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
