// The login form: name and password, then a code where the operator has a second factor.

import { Problem } from "../lib/api.js";
import { byId, control } from "../ui/dom.js";
import { attempt, clearNotices } from "../ui/notices.js";

/**
 * Bind the form. Return how to show and hide it.
 * @param {import("../admin/session.js").Session} session
 * @param {() => Promise<void>} onLoggedIn
 */
export function loginForm(session, onLoggedIn) {
  const [name, password, code] = [control("username"), control("password"), control("code")];

  /** @param {boolean} isAsked */
  const askCode = (isAsked) => {
    byId("login-code").hidden = !isAsked;
    code.required = isAsked;
    code.value = "";
    if (isAsked) code.focus();
  };

  /** Ask for a code that is wanted, and for another one than a wrong one. @param {unknown} problem */
  const onProblem = (problem) => {
    if (!(problem instanceof Problem) || problem.status !== 401) return;
    if (problem.code === "code_required") clearNotices();
    if (problem.code === "code_required" || code.required) askCode(true);
  };

  byId("login").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const logIn = async () => {
      await session.logIn(name.value, password.value, code.value.trim());
      password.value = "";
      askCode(false);
      await onLoggedIn();
    };
    void attempt(logIn, "", onProblem);
  });
  for (const field of [name, password]) field.addEventListener("input", () => askCode(false));

  return {
    show() {
      byId("login").hidden = false;
      name.focus();
    },
    hide() {
      byId("login").hidden = true;
    },
  };
}
