// The keys of every language as JSON, each with its kind: `string`, `empty` or `function`.

import { fileURLToPath, pathToFileURL } from "node:url";
import { resolve } from "node:path";

const FOLDER = resolve(fileURLToPath(import.meta.url), "../../../static/texts/languages");

const { LANGUAGES } = await import(pathToFileURL(`${FOLDER}/languages.js`));
const found = {};
for (const [language, load] of Object.entries(LANGUAGES)) {
  found[language] = Object.fromEntries(keysOf((await load()).texts));
}
console.log(JSON.stringify(found));

/** Return the dotted paths of a table of texts, with kinds. */
function keysOf(table, prefix = "") {
  return Object.entries(table).flatMap(([name, value]) =>
    value && typeof value === "object"
      ? keysOf(value, `${prefix}${name}.`)
      : [[`${prefix}${name}`, value === "" ? "empty" : typeof value]],
  );
}
