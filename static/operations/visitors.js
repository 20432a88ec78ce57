// The visitor panel: admits one visitor out of order, with a reason for the journal, or removes them.

import { texts as all } from "../texts/texts.js";
import { askConfirmation } from "../ui/confirm-dialog.js";
import { byId, control } from "../ui/dom.js";
import { attempt } from "../ui/notices.js";

/** @typedef {import("../admin/session.js").AdminContext} AdminContext */

const texts = all.admin.visitor;

/** Bind the panel. @param {AdminContext} context @returns {import("../admin/session.js").Panel} */
export function visitorPanel(context) {
  byId("visitor").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    void admit(context);
  });
  byId("visitor-remove").addEventListener("click", () => void remove(context));
  byId("visitor-bookings").addEventListener("click", () => {
    const event = context.event?.id ?? "";
    if (visitorId()) context.open({ page: "bookings", event, about: visitorId() });
  });
  return {
    show(_, about) {
      if (about && visitorId() !== about) control("visitor-id").value = about;
    },
  };
}

/** @param {AdminContext} context */
async function admit(context) {
  const [visitor, reason] = [visitorId(), control("visitor-reason")];
  reason.required = true;
  if (!reason.reportValidity()) return;
  reason.required = false;
  await attempt(async () => {
    await context.session.write("POST", `${pathOf(context, visitor)}/admit`, {
      body: { reason: reason.value },
    });
    reason.value = "";
    context.journalChanged();
  }, texts.admitted(visitor));
}

/** @param {AdminContext} context */
async function remove(context) {
  if (!control("visitor-id").reportValidity()) return;
  const visitor = visitorId();
  const question = { question: texts.ask, lead: texts.askLead(visitor), yes: texts.remove };
  if (!(await askConfirmation(byId("confirm"), question))) return;
  await attempt(async () => {
    await context.session.write("DELETE", pathOf(context, visitor));
    context.journalChanged();
  }, texts.removed(visitor));
}

function visitorId() {
  return control("visitor-id").value.trim();
}

/** @param {AdminContext} context @param {string} visitor */
function pathOf(context, visitor) {
  const event = encodeURIComponent(context.event?.id ?? "");
  return `/events/${event}/visitors/${encodeURIComponent(visitor)}`;
}
