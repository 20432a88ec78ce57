// The form for who has lost their tickets: reference and address, and the answer comes by mail.

import { Problem, request } from "../lib/api.js";
import { texts as all } from "../texts/texts.js";
import { byId, control, setTextOrHide } from "../ui/dom.js";

const texts = all.home.find;

/** Bind the form to its request. */
export function bindLostTickets() {
  byId("find-form").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    void find();
  });
}

/** Show the form where mails are sent, since the answer is one. @param {{mail?: boolean}[]} events */
export function showLostTickets(events) {
  byId("find").hidden = !events.some(({ mail }) => mail);
}

async function find() {
  const [reference, email] = ["find-reference", "find-email"].map((id) => control(id).value.trim());
  setTextOrHide(byId("find-answer"), "");
  try {
    await request("POST", "/api/v1/bookings/find", { body: { reference, email } });
    setTextOrHide(byId("find-answer"), texts.asked);
  } catch (problem) {
    setTextOrHide(byId("find-answer"), textOf(/** @type {Problem} */ (problem)));
  }
}

/** @param {Problem} problem */
function textOf({ code, message }) {
  return code === "invalid_request" ? texts.invalid : message;
}
