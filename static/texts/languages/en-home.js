// Texts of the home page in English.

import { countOf, numberFormat } from "./numbers.js";

/** @typedef {typeof home} Home */

export const home = {
  title: "On sale",
  lead: "Choose an event and join its line. Everybody is let in strictly in order.",
  none: "Nothing is on sale just now. Come back later.",
  notFound: "No event has these words.",
  search: "Search by name or place",
  more: (/** @type {number} */ dates) => `and ${countOf(dates, "more date", "more dates")}`,
  opens: "Opens {when}",
  enter: "Go to the line",
  look: "Look",
  goOn: "Go on",
  hold: (/** @type {string} */ what, /** @type {string} */ left) => `You hold ${what}, ${left}`,
  paying: (/** @type {string} */ what) => `The bank is being asked for ${what}`,
  turn: (/** @type {string} */ left) => `It is your turn, ${left}`,
  late: "You missed your turn: come back now",
  lobby: "Your place is kept",
  drawn: "Numbers are drawn then.",
  ahead: (/** @type {number} */ n) => `You are in line: ${numberFormat.format(n)} ahead`,
  tickets: (/** @type {number} */ n) => `Your tickets: ${numberFormat.format(n)}`,
  find: {
    title: "Lost your tickets?",
    lead:
      "Tell us the reference and the e-mail address of your booking, and we mail you the tickets " +
      "once more, with a link to them that works on any device.",
    reference: "Reference",
    email: "E-mail address",
    send: "Mail me my tickets",
    asked: "If there is such a booking, a mail is on its way. Look into your mailbox in a minute.",
    invalid: "That is no reference. It has ten letters and digits, as in ABCDE-FGHIJ.",
  },
};
