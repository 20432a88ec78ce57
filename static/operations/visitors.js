// The visitor panel: admits one visitor out of order, with a reason for the journal, or removes them.

import { texts as all } from "../texts/texts.js";
import { askConfirmation } from "../ui/confirm-dialog.js";
import { byId, control, setText } from "../ui/dom.js";
import { attempt, showProblem } from "../ui/notices.js";
import { isVisitor, readFound, saidOf } from "./visitor-list.js";

/** @typedef {import("../admin/session.js").AdminContext} AdminContext */

const texts = all.admin.visitor;

/** Bind the panel. @param {AdminContext} context @returns {import("../admin/session.js").Panel} */
export function visitorPanel(context) {
  let shown = "";

  /** Say where a visitor stands now. @param {string} event @param {string} visitor */
  const tell = async (event, visitor) => {
    try {
      const { visitors } = await readFound(context.session, event, visitor);
      if (shown === `${event} ${visitor}`) setText(byId("visitor-now"), visitors.map(saidOf).join(" "));
    } catch (problem) {
      showProblem(problem);
    }
  };

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
    show({ id }, about) {
      if (!isVisitor(about) || shown === `${id} ${about}`) return;
      shown = `${id} ${about}`;
      control("visitor-id").value = about;
      setText(byId("visitor-now"), "");
      void tell(id, about);
    },
    hide: () => (shown = ""),
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
