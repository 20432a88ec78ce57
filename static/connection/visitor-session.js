// Becomes somebody: asks the server for a visitor, whose token only the cookie knows.

import { ask } from "../lib/api.js";

const MADE_AT = "rush-visitor-made-at"; // when a tab of this browser last did so, never a token

/**
 * Become a visitor, unless another tab has done so since `since` (tabs share the cookie, and a
 * second visitor would cost the first one's place).
 * @param {number} since when we began without one
 */
export async function becomeVisitor(since) {
  await alone(async () => {
    if (madeAt() >= since) return;
    await ask("POST", "/api/v1/visitors");
    remember();
  });
}

/** One tab at a time, where the browser can do that. @param {() => Promise<void>} work */
async function alone(work) {
  if (!navigator.locks) return work();
  await navigator.locks.request("rush-visitor", work);
}

function madeAt() {
  try {
    return Number(localStorage.getItem(MADE_AT));
  } catch {
    return 0;
  }
}

function remember() {
  try {
    localStorage.setItem(MADE_AT, String(Date.now()));
  } catch {
    // storage is off: tabs opened in the same instant may become two visitors
  }
}
