// The people page: the operator who is logged in, their role, and what the role may do.

import { en } from "../texts/en.js";
import { byId, createElement } from "../ui/dom.js";

/** @param {import("./session.js").Operator} operator */
export function showPeople({ username, role }) {
  const { names, may } = en.admin.people;
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
