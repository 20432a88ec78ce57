// The draw of a place as its own entries of the journal tell it, for a check by the told seed. Pure.

/**
 * @typedef {{what: string, lane?: string, number?: number, why?: string}} Entry
 * @typedef {import("./order.js").Lottery} Lottery
 * @typedef {import("./order.js").Windows} Windows
 */

/**
 * Return the last draw that gave its visitor a number; null: there is none, or its seed is not told.
 * @param {Entry[]} entries of one visitor, and of the event meanwhile
 * @param {{lottery?: Lottery, windows?: Windows}} event
 * @returns {import("./draw-check.js").Drawn | null}
 */
export function drawOfEntries(entries, { lottery, windows }) {
  const { lane = "", number = 0, why = "" } = entries.filter(({ what }) => what === "drawn").at(-1) ?? {};
  const [window, index] = numbersIn(why);
  const bounds = entries.find(
    (entry) => entry.lane === lane && entry.why?.startsWith(`draw: window ${window},`),
  );
  const seed = window ? windows?.key : lottery?.seed;
  if (!number || !bounds || !seed) return null;
  const [, first, last] = numbersIn(bounds.why ?? "");
  const commitment = (window ? windows : lottery)?.commitment ?? "";
  return { seed, commitment, lane, window, first, last, index, number };
}

/** Return the numbers in a text. @param {string} text */
function numbersIn(text) {
  return (text.match(/\d+/g) ?? []).map(Number);
}
