// Where mail about a booking goes: asked before paying, remembered for the visit in this tab alone.

import { byId } from "../ui/dom.js";

const KEY = "rush-email";

/** Fill in what was said before, and remember what is said. */
export function restoreEmail() {
  const field = input();
  try {
    field.value = sessionStorage.getItem(KEY) ?? "";
  } catch {
    return; // storage is off: it is asked again
  }
  field.addEventListener("change", () => sessionStorage.setItem(KEY, field.value.trim()));
}

/** What the checkout says of it; null: what was typed is no address, and that is shown. */
export function readContact() {
  const field = input();
  const email = field.value.trim();
  if (!email) return {};
  if (!field.reportValidity()) return null;
  return { email, language: navigator.language.startsWith("th") ? "th" : "en" };
}

function input() {
  return /** @type {HTMLInputElement} */ (byId("email"));
}
