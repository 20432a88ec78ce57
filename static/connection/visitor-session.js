// The visitor's session: requests a visitor, whose token the server sets as a cookie.

import { request } from "../lib/api.js";

const CREATED_AT = "rush-visitor-made-at"; // when a tab of this browser created a visitor; never a token

/**
 * Create a visitor, unless another tab has since `since`: tabs share the cookie, and a second
 * visitor would cost the first one's place.
 * @param {number} since in milliseconds, when this page connected without a visitor
 */
export async function createVisitor(since) {
  await withLock(async () => {
    if (createdAt() >= since) return;
    await request("POST", "/api/v1/visitors");
    saveCreatedAt();
  });
}

/** Return whether this browser has created a visitor, as far as its storage tells. */
export function hasCreatedVisitor() {
  return createdAt() > 0;
}

/** Run work in one tab at a time, where the browser has locks. @param {() => Promise<void>} work */
async function withLock(work) {
  if (!navigator.locks) return work();
  await navigator.locks.request("rush-visitor", work);
}

function createdAt() {
  try {
    return Number(localStorage.getItem(CREATED_AT));
  } catch {
    return 0;
  }
}

function saveCreatedAt() {
  try {
    localStorage.setItem(CREATED_AT, String(Date.now()));
  } catch {
    // storage is off: tabs opened in the same instant may become two visitors
  }
}
