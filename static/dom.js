// The page's elements are found, made and filled here; what a server says only ever becomes text.

import { texts } from "./texts.js";

/** The element of an id; a page without it is a mistake of ours. @param {string} id */
export function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no part ${id}`);
  return found;
}

/** The form control of an id. @param {string} id */
export function control(id) {
  return /** @type {HTMLInputElement} */ (part(id));
}

/**
 * A new element; children are elements or texts.
 * @param {string} name
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/**
 * Say a text, touching the page only when it says another.
 * @param {Element} element
 * @param {string} text
 */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Show a text, or hide the element when there is none.
 * @param {HTMLElement} element
 * @param {string} [text]
 */
export function writeIf(element, text) {
  write(element, text ?? "");
  element.hidden = !text;
}

/**
 * Fill everything that names its text: `data-text`, `data-label`, `data-placeholder`.
 * @param {ParentNode} [root]
 */
export function fill(root = document) {
  for (const element of root.querySelectorAll("[data-text]")) {
    write(element, named(element.getAttribute("data-text")));
  }
  for (const [from, to] of [
    ["data-label", "aria-label"],
    ["data-placeholder", "placeholder"],
  ]) {
    for (const element of root.querySelectorAll(`[${from}]`)) {
      element.setAttribute(to, named(element.getAttribute(from)));
    }
  }
}

/** The text at a dotted path. @param {string | null} path @returns {string} */
function named(path) {
  /** @type {any} */
  let found = texts;
  for (const step of (path ?? "").split(".")) found = found?.[step];
  if (typeof found !== "string") throw new Error(`there is no text ${path}`);
  return found;
}
