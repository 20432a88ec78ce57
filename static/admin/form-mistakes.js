// Mistakes in forms: what the server refuses is said beside its field, which is marked and focused.

import { Problem } from "../lib/api.js";
import { createElement } from "../ui/dom.js";
import { attempt } from "../ui/notices.js";

/** @typedef {(field: string) => HTMLElement | null | undefined} ControlOf finds the control of a field that the server names */

/** Fields that refusals without a list of mistakes are about. @type {Record<string, string>} */
const FIELD_OF = { exists: "id", account_refused: "name" };

let made = 0;

/**
 * Run the work of a form, then show that it is done, or mark the fields that are refused. Return
 * whether it succeeded.
 * @param {HTMLElement} form
 * @param {ControlOf} controlOf
 * @param {() => Promise<unknown>} work
 * @param {string} [done]
 */
export function attemptForm(form, controlOf, work, done) {
  clearMistakes(form);
  return attempt(work, done, (problem) => markMistakes(problem, controlOf));
}

/** Unmark every field of a form. @param {HTMLElement} form */
export function clearMistakes(form) {
  for (const control of form.querySelectorAll("[aria-invalid]")) unmark(control);
}

/** @param {unknown} problem @param {ControlOf} controlOf */
function markMistakes(problem, controlOf) {
  if (!(problem instanceof Problem)) return;
  const field = FIELD_OF[problem.code];
  const errors = field ? [{ field, why: problem.message }] : problem.errors;
  const marked = errors.flatMap(({ field, why }) => {
    const control = controlOf(field);
    if (control && !control.hasAttribute("aria-invalid")) mark(control, why);
    return control ? [control] : [];
  });
  marked[0]?.focus();
}

/** @param {HTMLElement} control @param {string} why */
function mark(control, why) {
  const id = `mistake-${++made}`;
  control.setAttribute("aria-invalid", "true");
  control.setAttribute("aria-describedby", id);
  control.after(createElement("span", { id, class: "mistake" }, why));
  control.addEventListener("input", () => unmark(control), { once: true });
}

/** @param {Element} control */
function unmark(control) {
  const id = control.getAttribute("aria-describedby") ?? "";
  if (id.startsWith("mistake-")) document.getElementById(id)?.remove();
  control.removeAttribute("aria-describedby");
  control.removeAttribute("aria-invalid");
}
