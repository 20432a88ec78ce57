// The people page: the operator who is logged in, their role, and what the role may do.

import { texts as all } from "../texts/texts.js";
import { byId, createElement } from "../ui/dom.js";

/** @param {import("../admin/session.js").Operator} operator */
export function showPeople({ username, role }) {
  const { names, may } = all.admin.people;
  const members = [
    [names.username, username],
    [names.role, role],
    [names.may, /** @type {Record<string, string>} */ (may)[role] ?? role],
  ];
  byId("people-me").replaceChildren(
    ...members.map(([name = "", value = ""]) =>
      createElement("div", {}, createElement("dt", {}, name), createElement("dd", {}, value)),
    ),
  );
}
