// The second factor of the operator who is logged in: turned on by code and password, off by the password.

import { formDialog } from "../admin/form-dialog.js";
import { attemptForm, clearMistakes } from "../admin/form-mistakes.js";
import { dateAndSecond } from "../lib/venue-clock.js";
import { texts as all } from "../texts/texts.js";
import { byId, control, createElement, setText } from "../ui/dom.js";
import { attempt, showProblem } from "../ui/notices.js";
import { saveFile } from "../ui/save-file.js";

const texts = all.admin.people.secondFactor;
const OWN = "/me/second-factor";

/** Bind the section. Return how to load its state. @param {import("../admin/session.js").AdminContext} context */
export function ownSecondFactor(context) {
  const { session } = context;
  /** @type {string[]} */
  let codes = [];

  const load = async () => {
    try {
      const { in_force_since: since, recovery_codes: left } = await session.read(OWN);
      setText(byId("factor-state"), since ? texts.on(dateAndSecond(since), left) : texts.off);
      show({ "factor-begin": !since, "factor-end": Boolean(since), "factor-form": false });
    } catch (problem) {
      showProblem(problem);
    }
  };

  const begin = () =>
    attempt(async () => {
      const { secret, qr } = await session.write("POST", OWN);
      Object.assign(byId("factor-qr"), { src: qr, alt: texts.qr });
      setText(byId("factor-key"), inFours(secret));
      control("factor-code").value = control("factor-own").value = "";
      clearMistakes(byId("factor-form"));
      show({ "factor-begin": false, "factor-form": true });
      control("factor-code").focus();
    });

  const putInForce = async () => {
    ({ recovery_codes: codes } = await session.write("POST", `${OWN}/in-force`, {
      body: { code: control("factor-code").value, password: control("factor-own").value },
    }));
    byId("factor-codes").replaceChildren(...codes.map((code) => createElement("li", {}, code)));
    forget();
    context.journalChanged();
    await load();
    show({ "factor-recovery": true });
    byId("factor-kept").focus();
  };

  const { open } = formDialog("factor-end", (form) =>
    attemptForm(
      form,
      () => control("factor-password"),
      async () => {
        await session.write("POST", `${OWN}/off`, { body: { password: control("factor-password").value } });
        context.journalChanged();
        show({ "factor-recovery": false });
        await load();
      },
      texts.ended,
    ),
  );

  byId("factor-begin").addEventListener("click", () => void begin());
  byId("factor-form").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const controlOf = (/** @type {string} */ field) => control(field === "password" ? "factor-own" : "factor-code");
    void attemptForm(byId("factor-form"), controlOf, putInForce, texts.isOn);
  });
  byId("factor-cancel").addEventListener("click", () => {
    forget();
    void load();
  });
  byId("factor-end").addEventListener("click", () => {
    control("factor-password").value = "";
    open();
  });
  byId("factor-save").addEventListener("click", () =>
    saveFile(new Blob([`${codes.join("\n")}\n`], { type: "text/plain" }), texts.file),
  );
  byId("factor-kept").addEventListener("click", () => {
    codes = [];
    byId("factor-codes").replaceChildren();
    show({ "factor-recovery": false });
  });

  return { load };
}

/** Take the secret off the page. */
function forget() {
  byId("factor-qr").removeAttribute("src");
  setText(byId("factor-key"), "");
}

/** @param {Record<string, boolean>} shown whether each element is shown, by its id */
function show(shown) {
  for (const [id, isShown] of Object.entries(shown)) byId(id).hidden = !isShown;
}

/** Return a secret in fours, to be read and typed. @param {string} secret */
function inFours(secret) {
  return secret.match(/.{1,4}/g)?.join(" ") ?? "";
}
