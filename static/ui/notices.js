// Notices of the operators' page: one place for problems and for what was done.

import { Problem } from "../lib/api.js";
import { texts as all } from "../texts/texts.js";
import { byId, createElement, setTextOrHide } from "./dom.js";

const DONE_MS = 5_000;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let fading;

/**
 * Run work, then show that it is done or what went wrong. Return whether it succeeded.
 * @param {() => Promise<unknown>} work
 * @param {string} [done]
 * @param {(problem: unknown) => void} [onProblem] called after it is shown
 */
export async function attempt(work, done = "", onProblem = () => {}) {
  clearNotices();
  try {
    await work();
  } catch (problem) {
    showProblem(problem);
    onProblem(problem);
    return false;
  }
  showDone(done);
  return true;
}

/** Show a problem, with one line for each wrong field. @param {unknown} problem */
export function showProblem(problem) {
  const errors = problem instanceof Problem ? problem.errors : [];
  const text = problem instanceof Problem ? problem.message : all.problems.unreadable;
  const lines = errors.map(({ field, why }) => createElement("li", {}, `${field}: ${why}`));
  const lead = createElement("p", {}, errors.length ? all.admin.mistakes : text);
  byId("problem").replaceChildren(
    lead,
    ...(lines.length ? [createElement("ul", {}, ...lines)] : []),
  );
  byId("problem").hidden = false;
}

/** Hide all notices. */
export function clearNotices() {
  byId("problem").replaceChildren();
  byId("problem").hidden = true;
  setTextOrHide(byId("done"), "");
}

/** Show what was done for some seconds. @param {string} text */
export function showDone(text) {
  if (!text) return;
  setTextOrHide(byId("done"), text);
  clearTimeout(fading);
  fading = setTimeout(() => setTextOrHide(byId("done"), ""), DONE_MS);
}
