// The contact field: the e-mail address for tickets, kept in sessionStorage of this tab.

import { language } from "../texts/texts.js";
import { byId } from "../ui/dom.js";

const KEY = "rush-email";

/** Fill in the stored address, and store each change. */
export function restoreEmail() {
  const field = input();
  try {
    field.value = sessionStorage.getItem(KEY) ?? "";
  } catch {
    return; // storage is off: the visitor types it again
  }
  field.addEventListener("change", () => sessionStorage.setItem(KEY, field.value.trim()));
}

/** Return the members for checkout; null when the address is not valid, which is shown. */
export function readContact() {
  if (byId("mail").hidden) return {};
  const field = input();
  const email = field.value.trim();
  if (!email) return {};
  if (!field.reportValidity()) return null;
  return { email, language };
}

/** Remember the address that a booking's mails go to. @param {string} booking @param {string} email */
export function rememberSentTo(booking, email) {
  try {
    sessionStorage.setItem(`${KEY}-${booking}`, email);
  } catch {
    // storage is off: the page does not say where the mail went
  }
}

/** Return the address that a booking's mails go to, or "". @param {string} booking */
export function sentTo(booking) {
  try {
    return sessionStorage.getItem(`${KEY}-${booking}`) ?? "";
  } catch {
    return "";
  }
}

function input() {
  return /** @type {HTMLInputElement} */ (byId("email"));
}
