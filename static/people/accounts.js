// The operators' accounts, for admins: who there is, and acts that make, change and end one.

import { formDialog } from "../admin/form-dialog.js";
import { attemptForm } from "../admin/form-mistakes.js";
import { dateAndSecond } from "../lib/venue-clock.js";
import { texts as all } from "../texts/texts.js";
import { askConfirmation } from "../ui/confirm-dialog.js";
import { byId, control, createElement, setText, setTextOrHide } from "../ui/dom.js";
import { attempt, showProblem } from "../ui/notices.js";

/**
 * @typedef {import("../admin/session.js").AdminContext} AdminContext
 * @typedef {{name: string, role: string, has_password: boolean, has_key: boolean, sessions: number,
 *   second_factor: boolean, created_at: string}} Account
 * @typedef {{role: (account: Account, role: string) => void, password: (account: Account) => void,
 *   key: (account: Account) => void, endKey: (account: Account) => void,
 *   endFactor: (account: Account) => void, remove: (account: Account) => void}} Acts
 */

const { accounts: texts, secondFactor: factor } = all.admin.people;

/** Bind list and form. Return how to load the list. @param {AdminContext} context */
export function accountList(context) {
  const load = async () => {
    const isAdmin = context.session.operator?.role === "admin";
    const own = context.session.operator?.username;
    byId("accounts").hidden = !isAdmin;
    if (!isAdmin) return;
    try {
      const { operators } = await context.session.read("/operators");
      byId("account-list").replaceChildren(...operators.map((/** @type {Account} */ one) => row(one, acts, one.name === own)));
    } catch (problem) {
      showProblem(problem);
    }
  };

  /** Write, and load the list again. @param {string} method @param {string} path @param {unknown} [body] */
  const write = async (method, path, body) => {
    const answer = await context.session.write(method, path, { body });
    context.journalChanged();
    await load();
    return answer;
  };

  /** @type {Acts} */
  const acts = {
    role: ({ name }, role) =>
      attempt(() => write("PATCH", pathOf(name), { role }), texts.roleSet(name, role)).then(load),
    password: ({ name }) => askPassword(name),
    key: ({ name }) => void giveKey(name),
    endKey: ({ name }) => attempt(() => write("DELETE", `${pathOf(name)}/key`), texts.keyEnded(name)),
    endFactor: ({ name }) => void endFactor(name),
    remove: (account) => void remove(account),
  };

  const endFactor = async (/** @type {string} */ name) => {
    const question = { question: factor.endOfAsk(name), lead: factor.endOfLead, yes: factor.endButton };
    if (!(await askConfirmation(byId("confirm"), question))) return;
    await attempt(() => write("DELETE", `${pathOf(name)}/second-factor`), factor.endedOf(name));
  };

  const giveKey = (/** @type {string} */ name) =>
    attempt(async () => {
      const { key } = await write("POST", `${pathOf(name)}/key`);
      setTextOrHide(byId("new-key"), texts.newKey(name, key));
    });

  const remove = async (/** @type {Account} */ { name, sessions }) => {
    const question = { question: texts.ask(name), lead: texts.askLead(sessions), yes: texts.remove };
    if (!(await askConfirmation(byId("confirm"), question))) return;
    await attempt(() => write("DELETE", pathOf(name)), texts.removed(name));
  };

  let asked = "";
  const { open } = formDialog("password", (form) => {
    const password = control("password-new").value;
    return attemptForm(
      form,
      () => control("password-new"),
      () => write("PATCH", pathOf(asked), { password }),
      texts.passwordSet(asked),
    );
  });
  const askPassword = (/** @type {string} */ name) => {
    asked = name;
    setText(byId("password-title"), texts.passwordOf(name));
    control("password-new").value = "";
    open();
  };

  byId("account-role").append(...roles());
  byId("account-new").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const body = {
      name: control("account-name").value.trim(),
      role: control("account-role").value,
      password: control("account-password").value,
    };
    void attemptForm(
      byId("account-new"),
      (field) => document.getElementById(`account-${field}`),
      async () => {
        await write("POST", "/operators", body);
        for (const id of ["account-name", "account-password"]) control(id).value = "";
      },
      texts.added(body.name),
    );
  });
  byId("own-password").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const [current, password] = [control("own-current"), control("own-new")];
    void attemptForm(
      byId("own-password"),
      (field) => (field === "password" ? password : current),
      async () => {
        await context.session.changePassword(current.value, password.value);
        current.value = password.value = "";
        context.journalChanged();
        await load();
      },
      texts.ownSet,
    );
  });

  return { load };
}

/** @param {Account} account @param {Acts} acts @param {boolean} isOwn */
function row(account, acts, isOwn) {
  const { name, role, has_password: password, has_key: key, sessions, created_at: created } = account;
  const said = [
    password ? texts.byPassword : "",
    account.second_factor ? factor.has : "",
    key ? texts.byKey : "",
    texts.sessions(sessions),
    all.admin.people.sessions.since(dateAndSecond(created)),
  ];
  const choice = createElement("select", { "aria-label": texts.roleOf(name), "data-testid": "operator-role" }, ...roles());
  /** @type {HTMLSelectElement} */ (choice).value = role;
  choice.addEventListener("change", () => acts.role(account, /** @type {HTMLSelectElement} */ (choice).value));
  const buttons = [
    button("password", texts.password, () => acts.password(account)),
    ...(password ? [] : [button("key", texts.key, () => acts.key(account))]),
    ...(key ? [button("end-key", texts.endKey, () => acts.endKey(account))] : []),
    ...(account.second_factor && !isOwn ? [button("end-factor", factor.endOf, () => acts.endFactor(account))] : []),
    button("remove", texts.remove, () => acts.remove(account)),
  ];
  return createElement(
    "li",
    { "data-account": name },
    createElement("strong", {}, name),
    createElement("span", { class: "soft" }, said.filter(Boolean).join(" · ")),
    createElement("div", { class: "actions" }, choice, ...buttons),
  );
}

/** @param {string} act @param {string} text @param {() => void} onClick */
function button(act, text, onClick) {
  const danger = act === "remove" ? { class: "danger" } : {};
  const element = createElement("button", { type: "button", "data-testid": `operator-${act}`, ...danger }, text);
  element.addEventListener("click", onClick);
  return element;
}

function roles() {
  return Object.keys(all.admin.people.may).map((role) => createElement("option", { value: role }, role));
}

/** @param {string} name */
function pathOf(name) {
  return `/operators/${encodeURIComponent(name)}`;
}
