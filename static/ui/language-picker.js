// The language picker: a select of the page's languages, each in its own name.

import { chooseLanguage, language, languages, texts } from "../texts/texts.js";
import { createElement, control } from "./dom.js";

/** Fill the select of the page and bind it; with one language there is nothing to pick. */
export function showLanguagePicker() {
  const select = control("language");
  select.hidden = languages.length < 2;
  select.setAttribute("aria-label", texts.common.language);
  select.append(
    ...languages.map((code) => createElement("option", { value: code, lang: code }, nameOf(code))),
  );
  select.value = language;
  select.addEventListener("change", () => chooseLanguage(select.value));
}

/** @param {string} code */
function nameOf(code) {
  return new Intl.DisplayNames(code, { type: "language" }).of(code) ?? code;
}
