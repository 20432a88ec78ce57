// The texts of the page in the visitor's language: chosen by hand, else by the browser. Only they are loaded.

import { LANGUAGES } from "./languages/languages.js";

const CHOSEN = "rush-language";

const page = globalThis.document?.documentElement;
/** The languages that the page offers; the first is the one of those who understand none of them. */
export const languages = (page?.dataset.languages ?? "en").split(" ").filter((code) => code in LANGUAGES);

export const language = chosenLanguage();

// Only visitors' pages offer languages; the operators' page is in English, with texts of its own.
const ofOperators = page && !("languages" in page.dataset) ? await import("./en-admin.js") : {};

/** @type {import("./languages/en.js").Texts & {admin: typeof import("./en-admin.js").admin}} */
export const texts = { ...(await LANGUAGES[language]()).texts, ...ofOperators };

if (page) Object.assign(page, { lang: language, dir: texts.direction });

/** Remember a language, and load the page again in it. @param {string} code */
export function chooseLanguage(code) {
  try {
    localStorage.setItem(CHOSEN, code);
  } catch {
    return; // storage is off: the browser's language stays
  }
  location.reload();
}

/** Return the chosen language, or the first of the browser's that the page offers. */
function chosenLanguage() {
  const wanted = [storedLanguage(), ...(globalThis.navigator?.languages ?? [])];
  const found = wanted.map((code) => code.split("-")[0].toLowerCase());
  return found.find((code) => languages.includes(code)) ?? languages[0] ?? "en";
}

function storedLanguage() {
  try {
    return localStorage.getItem(CHOSEN) ?? "";
  } catch {
    return "";
  }
}
