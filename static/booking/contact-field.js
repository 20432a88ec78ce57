// The contact fields: the name on the tickets and the e-mail address for them, kept in sessionStorage of this tab.

import { language } from "../texts/texts.js";
import { byId } from "../ui/dom.js";

const KEY = "rush-email";
/** The fields, by the keys of their stored values. */
const FIELDS = { "rush-name": "buyer-name", [KEY]: "email" };
/** Neither seen nor meant in a name, and refused by the server: controls, and turns of the direction. */
const UNSEEN = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/** Fill in the stored name and address, and store each change. */
export function restoreContact() {
  for (const [key, id] of Object.entries(FIELDS)) {
    const field = input(id);
    try {
      field.value = sessionStorage.getItem(key) ?? "";
    } catch {
      return; // storage is off: the visitor types it again
    }
    field.addEventListener("change", () => sessionStorage.setItem(key, field.value.trim()));
  }
}

/** Return the members for checkout; null when one is missing or not valid, which is shown. */
export function readContact() {
  const [name, email] = [valueOf("buyer", "buyer-name"), valueOf("mail", "email")];
  if (name === null || email === null) return null;
  if (!name && !email) return {};
  return { ...(name && { name: name.replace(UNSEEN, "") }), ...(email && { email }), language };
}

/** Return the value of a field, "" of one that is not asked for; null when it is not valid. @param {string} label @param {string} id */
function valueOf(label, id) {
  if (byId(label).hidden) return "";
  const field = input(id);
  field.value = field.value.trim();
  return field.reportValidity() ? field.value : null;
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

/** @param {string} id */
function input(id) {
  return /** @type {HTMLInputElement} */ (byId(id));
}
