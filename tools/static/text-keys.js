// The keys of every language as JSON, each with its kind: `string`, `empty`, `function`, or the error
// of a function that names something which is not there.

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
      : [[`${prefix}${name}`, kindOf(value)]],
  );
}

/** Return the kind of a text. Of its calls only one counts: does it name what is not there? */
function kindOf(value) {
  if (typeof value !== "function") return value === "" ? "empty" : typeof value;
  for (const argument of [2, "2030-01-01T00:00:00Z", ["a", "b"]]) {
    try {
      value(argument, argument, argument, argument);
    } catch (wrong) {
      if (wrong instanceof ReferenceError) return wrong.message;
    }
  }
  return "function";
}
