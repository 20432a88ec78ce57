// The page's elements are found, made and filled here; what a server says only ever becomes text.

import { texts } from "../texts/en.js";

const SVG = "http://www.w3.org/2000/svg";

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
 * A new element of a drawing.
 * @param {string} name
 * @param {Record<string, string | number>} [attributes]
 * @param {...(Node | string)} children
 */
export function draw(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** @type {WeakMap<Element, string>} what an element's content was made of */
const madeOf = new WeakMap();

/**
 * Make the content of an element anew, only when it is made of something else than before.
 * @param {Element} element
 * @param {unknown} what
 * @param {() => (Node | string)[]} build
 */
export function renew(element, what, build) {
  const said = JSON.stringify(what);
  if (madeOf.get(element) === said) return;
  madeOf.set(element, said);
  element.replaceChildren(...build());
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
