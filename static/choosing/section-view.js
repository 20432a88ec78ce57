// The view from a section: a picture in a dialog, loaded once somebody asks for it.

import { texts as all } from "../texts/texts.js";
import { byId, createElement, setText } from "../ui/dom.js";
import { announce } from "../ui/live-region.js";

/** @typedef {import("../seats/seat-inventory.js").Section} Section */

const texts = all.seats.view;
/** @type {Set<string>} paths of pictures that could not be loaded: they are offered no more */
const broken = new Set();

/** Open the view whose button is pressed below an element. @param {HTMLElement} root */
export function bindViews(root) {
  root.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest("[data-view]");
    if (button) open(/** @type {HTMLElement} */ (button).dataset);
  });
  byId("view").addEventListener("close", () => byId("view-picture").replaceChildren());
}

/** Return the button of a section's view; none where it has no picture. @param {Section} section */
export function viewButtons(section) {
  const button = createElement("button", { type: "button", class: "view" }, texts.open);
  offerView(button, section);
  return button.hidden ? [] : [button];
}

/** Let a button open the view from a section, or hide it. @param {HTMLElement} button @param {Section | undefined} section */
export function offerView(button, section) {
  const view = section?.view ?? "";
  button.hidden = !view || broken.has(view);
  button.setAttribute("data-view", view);
  button.setAttribute("data-of", section?.id ?? "");
  button.setAttribute("data-name", section?.name ?? "");
  button.setAttribute("aria-label", texts.label(section?.name ?? ""));
}

/** @param {DOMStringMap} button */
function open({ view: path = "", name = "", of = "" }) {
  const picture = createElement("img", { alt: texts.alt(name) });
  picture.addEventListener("load", () => byId("view-loading").remove(), { once: true });
  picture.addEventListener("error", () => withdraw(path, of), { once: true });
  picture.setAttribute("src", path);
  setText(byId("view-title"), texts.title(name));
  byId("view-picture").replaceChildren(createElement("p", { id: "view-loading", class: "soft" }, texts.loading), picture);
  /** @type {HTMLDialogElement} */ (byId("view")).showModal();
}

/** Offer a picture that cannot be loaded no more, and go back to its section. @param {string} path @param {string} section */
function withdraw(path, section) {
  broken.add(path);
  /** @type {HTMLDialogElement} */ (byId("view")).close();
  for (const button of document.querySelectorAll("button[data-view]"))
    if (button.getAttribute("data-view") === path) /** @type {HTMLElement} */ (button).hidden = true;
  /** @type {HTMLElement | null} */ (document.querySelector(`[data-section="${section}"]`))?.focus();
  announce(texts.broken);
}
