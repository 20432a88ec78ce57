// The block that a section is on the whole house: its words, and how much of it is free.

import { formatPrice } from "../lib/money.js";
import { isWanted } from "../seats/seat-filters.js";
import { placesOf } from "../seats/seat-inventory.js";
import { texts as all } from "../texts/texts.js";

const texts = all.seats.sections;

/**
 * Return the block of a section: the longest words that tell its stock first.
 * @param {import("../seats/seat-inventory.js").SeatInventory | undefined} inventory @param {string} id
 * @param {{isApart: boolean, isChosen: boolean, quantity: number}} choice
 */
export function blockOf(inventory, id, { isApart, isChosen, quantity }) {
  const section = inventory?.section(id);
  if (!inventory || !section) return { lines: [], share: 0, dimmed: false, chosen: false };
  const free = inventory.free(id);
  const stock = inventory.stock(id);
  const word = stock === "free" ? texts.free(free ?? 0) : texts.stock[stock];
  const price = formatPrice(section.price);
  return {
    lines: [section.name, ...(free === null ? [price] : [`${word} · ${price}`, word])],
    share: free === null ? 1 : free / Math.max(1, placesOf(section)),
    dimmed: isApart || !isWanted(section, inventory, quantity),
    chosen: isChosen,
  };
}
