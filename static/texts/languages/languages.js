// The languages that visitors can read: another one is a file like `th.js`, and a line here.

/** @type {Record<string, () => Promise<{texts: import("./en.js").Texts}>>} */
export const LANGUAGES = {
  en: () => import("./en.js"),
  th: () => import("./th.js"),
};
