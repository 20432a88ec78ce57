// The terms that a buyer accepts: a link beside Pay, which nothing but a press opens.

import { texts as all } from "../texts/texts.js";
import { byId, setText } from "../ui/dom.js";

/** @typedef {{url: string, name?: string}} Terms */

/**
 * Draw the terms of an event, or nothing where it has none.
 * @param {{name: string, terms?: Terms}} event @param {boolean} isFree whether nothing is to be paid
 */
export function drawTerms({ name, terms }, isFree) {
  byId("terms").hidden = !terms;
  if (!terms) return;
  const texts = all.seats.terms;
  setText(byId("terms-lead"), isFree ? texts.booking : texts.paying);
  setText(byId("terms-name"), terms.name ?? texts.name(name));
  byId("terms-link").setAttribute("href", terms.url);
}
