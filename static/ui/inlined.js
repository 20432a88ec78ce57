// Data that the server has written into the page, so that nothing has to be requested before Join.

/** Return the data of the page, or null where the server had none. @returns {any} */
export function readInlined() {
  return JSON.parse(document.getElementById("page-data")?.textContent || "null");
}
