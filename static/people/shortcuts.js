// Keyboard shortcuts of the console: pages by number, search, Pause, help; they can be switched off.

import { texts as all } from "../texts/texts.js";
import { askConfirmation } from "../ui/confirm-dialog.js";
import { byId, control, createElement } from "../ui/dom.js";

const OFF = "rush-shortcuts-off";
const SEARCH = ".page:not([hidden]) input[type=search]";
const TYPED_INTO = "input, textarea, select, [contenteditable], [role=application]";
const texts = all.admin.shortcuts;

let isOff = stored();

/** Bind the keys and their help. @param {() => Promise<void>} toSearch opens a page that has a search */
export function bindShortcuts(toSearch) {
  const pages = /** @type {HTMLElement[]} */ ([...byId("page-list").querySelectorAll("a")]);
  /** @type {Record<string, () => unknown>} */
  const acts = { "?": showHelp, "/": () => void search(toSearch), p: () => void pause() };
  pages.forEach((page, at) => (acts[String(at + 1)] = () => page.click()));
  byId("shortcut-list").replaceChildren(
    ...pages.map((page, at) => line(String(at + 1), page.textContent ?? "")),
    ...Object.entries(texts.keys).map(([key, what]) => line(key, what)),
  );
  control("shortcuts-on").addEventListener("change", () => keep(!control("shortcuts-on").checked));
  byId("shortcuts-show").addEventListener("click", showHelp);
  document.addEventListener("keydown", (pressed) => {
    const act = acts[pressed.key.toLowerCase()];
    if (!act || isOff || !isMeant(pressed)) return;
    pressed.preventDefault();
    act();
  });
}

/** Return whether a key is a shortcut: nobody types, nothing is asked, somebody is logged in. @param {KeyboardEvent} pressed */
function isMeant({ target, ctrlKey, metaKey, altKey, repeat, isComposing, defaultPrevented }) {
  if (ctrlKey || metaKey || altKey || repeat || isComposing || defaultPrevented) return false;
  if (byId("pages").hidden || document.querySelector("dialog[open]")) return false;
  return !(target instanceof Element && target.closest(TYPED_INTO));
}

function showHelp() {
  control("shortcuts-on").checked = !isOff;
  /** @type {HTMLDialogElement} */ (byId("shortcuts")).showModal();
}

/** @param {() => Promise<void>} toSearch */
async function search(toSearch) {
  if (!document.querySelector(SEARCH)) await toSearch();
  /** @type {HTMLElement | null} */ (document.querySelector(SEARCH))?.focus();
}

/** Pause the event once it is confirmed, where its button is there to be pressed. */
async function pause() {
  const button = /** @type {HTMLButtonElement} */ (document.querySelector("[data-action=pause]"));
  const canPress = () => button.getClientRects().length > 0 && !button.matches(":disabled");
  if (canPress() && (await askConfirmation(byId("confirm"), texts.pause)) && canPress()) button.click();
}

/** @param {string} key @param {string} what */
function line(key, what) {
  return createElement("div", {}, createElement("dt", {}, createElement("kbd", {}, key)), createElement("dd", {}, what));
}

function stored() {
  try {
    return localStorage.getItem(OFF) === "1";
  } catch {
    return false;
  }
}

/** @param {boolean} off */
function keep(off) {
  isOff = off;
  try {
    if (off) localStorage.setItem(OFF, "1");
    else localStorage.removeItem(OFF);
  } catch {
    // storage is off: chosen for this visit
  }
}
