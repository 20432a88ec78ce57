// Files that the page makes, saved through the browser.

import { createElement } from "./dom.js";

const REVOKE_MS = 60_000; // a download has started long before

/** Save a file under a name. @param {Blob} file @param {string} name */
export function saveFile(file, name) {
  const url = URL.createObjectURL(file);
  createElement("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_MS);
}
