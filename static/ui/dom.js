// The DOM: finds, creates and fills elements. Data from the server only ever becomes text nodes.

import { texts as all } from "../texts/texts.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * Return the element of an id.
 * @throws {Error} when the page has none: a defect
 * @param {string} id
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element ${id}`);
  return found;
}

/** Return the form control of an id. @param {string} id */
export function control(id) {
  return /** @type {HTMLInputElement} */ (byId(id));
}

/**
 * Create an HTML element. Strings become text nodes.
 * @param {string} name
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 */
export function createElement(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/**
 * Create an SVG element. Strings become text nodes.
 * @param {string} name
 * @param {Record<string, string | number>} [attributes]
 * @param {...(Node | string)} children
 */
export function createSvg(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** @type {WeakMap<Element, string>} the JSON that an element's content was built from */
const renderedFrom = new WeakMap();

/**
 * Rebuild the content of an element when the data that it is built from has changed.
 * @param {Element} element
 * @param {unknown} data as JSON
 * @param {() => (Node | string)[]} build
 */
export function renderIfChanged(element, data, build) {
  const key = JSON.stringify(data);
  if (renderedFrom.get(element) === key) return;
  renderedFrom.set(element, key);
  element.replaceChildren(...build());
}

/**
 * Set the text of an element, unless it is the same: screen readers announce each change.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Set the text of an element, or hide the element when there is none.
 * @param {HTMLElement} element
 * @param {string} [text]
 */
export function setTextOrHide(element, text) {
  setText(element, text ?? "");
  element.hidden = !text;
}

/** Do something after the next frame is painted. @param {() => void} act */
export function afterPaint(act) {
  requestAnimationFrame(() => setTimeout(act));
}

/**
 * Fill all elements that name a text in `data-text`, `data-label` or `data-placeholder`.
 * @param {ParentNode} [root]
 */
export function fillTexts(root = document) {
  for (const element of root.querySelectorAll("[data-text]")) {
    setText(element, textAt(element.getAttribute("data-text")));
  }
  for (const [from, to] of [
    ["data-label", "aria-label"],
    ["data-placeholder", "placeholder"],
  ]) {
    for (const element of root.querySelectorAll(`[${from}]`)) {
      element.setAttribute(to, textAt(element.getAttribute(from)));
    }
  }
}

/** Return the text at a dotted path. @param {string | null} path @returns {string} */
function textAt(path) {
  /** @type {any} */
  let found = all;
  for (const step of (path ?? "").split(".")) found = found?.[step];
  if (typeof found !== "string") throw new Error(`there is no text ${path}`);
  return found;
}
