// What went wrong and what was done, said in one place of the operators' page.

import { Problem } from "../lib/api.js";
import { texts } from "../texts/en.js";
import { make, part, writeIf } from "./dom.js";

const DONE_MS = 5_000;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let fading;

/**
 * Do something, then say that it was done, or what went wrong; whether it was done.
 * @param {() => Promise<unknown>} work
 * @param {string} [done]
 */
export async function attempt(work, done = "") {
  clearNotices();
  try {
    await work();
  } catch (problem) {
    showProblem(problem);
    return false;
  }
  showDone(done);
  return true;
}

/** Say what went wrong; mistakes in fields one by one. @param {unknown} problem */
export function showProblem(problem) {
  const errors = problem instanceof Problem ? problem.errors : [];
  const said = problem instanceof Problem ? problem.message : texts.problems.unreadable;
  const lines = errors.map(({ field, why }) => make("li", {}, `${field}: ${why}`));
  const lead = make("p", {}, errors.length ? texts.admin.mistakes : said);
  part("problem").replaceChildren(lead, ...(lines.length ? [make("ul", {}, ...lines)] : []));
  part("problem").hidden = false;
}

/** Take back what was said. */
export function clearNotices() {
  part("problem").replaceChildren();
  part("problem").hidden = true;
  writeIf(part("done"), "");
}

/** @param {string} text */
function showDone(text) {
  if (!text) return;
  writeIf(part("done"), text);
  clearTimeout(fading);
  fading = setTimeout(() => writeIf(part("done"), ""), DONE_MS);
}
