// Where mail about a booking goes: asked before paying, remembered for the visit in this tab alone.

import { part } from "../ui/dom.js";

const KEPT = "rush-email";

/** Fill in what was said before, and remember what is said. */
export function rememberEmail() {
  const field = input();
  try {
    field.value = sessionStorage.getItem(KEPT) ?? "";
  } catch {
    return; // storage is off: it is asked again
  }
  field.addEventListener("change", () => sessionStorage.setItem(KEPT, field.value.trim()));
}

/** What the checkout says of it; null: what was typed is no address, and that is shown. */
export function contactGiven() {
  const field = input();
  const email = field.value.trim();
  if (!email) return {};
  if (!field.reportValidity()) return null;
  return { email, language: navigator.language.startsWith("th") ? "th" : "en" };
}

function input() {
  return /** @type {HTMLInputElement} */ (part("email"));
}
