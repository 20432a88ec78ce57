// One visitor by their name: let in out of turn, for a reason that is kept, or removed.

import { texts } from "../texts/en.js";
import { confirmed } from "../ui/confirm-dialog.js";
import { control, part } from "../ui/dom.js";
import { attempt } from "../ui/notices.js";

/** @typedef {import("../admin.js").Desk} Desk */

const words = texts.admin.visitor;

/** @param {Desk} desk */
export function visitors(desk) {
  part("visitor").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    void admit(desk);
  });
  part("visitor-remove").addEventListener("click", () => void remove(desk));
  return { show() {} };
}

/** @param {Desk} desk */
async function admit(desk) {
  const [visitor, reason] = [named(), control("visitor-reason")];
  reason.required = true;
  if (!reason.reportValidity()) return;
  reason.required = false;
  await attempt(async () => {
    await desk.session.write("POST", `${pathOf(desk, visitor)}/admit`, {
      body: { reason: reason.value },
    });
    reason.value = "";
    desk.noted();
  }, words.admitted(visitor));
}

/** @param {Desk} desk */
async function remove(desk) {
  if (!control("visitor-id").reportValidity()) return;
  const visitor = named();
  const meant = { question: words.ask, lead: words.askLead(visitor), yes: words.remove };
  if (!(await confirmed(part("confirm"), meant))) return;
  await attempt(async () => {
    await desk.session.write("DELETE", pathOf(desk, visitor));
    desk.noted();
  }, words.removed(visitor));
}

function named() {
  return control("visitor-id").value.trim();
}

/** @param {Desk} desk @param {string} visitor */
function pathOf(desk, visitor) {
  const event = encodeURIComponent(desk.event?.id ?? "");
  return `/events/${event}/visitors/${encodeURIComponent(visitor)}`;
}
