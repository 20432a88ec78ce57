// Numbers as people write them when there are many: "1–4, 7".

/** Return numbers as spans, the smallest first. @param {number[]} numbers */
export function spans(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  /** @type {[number, number][]} */
  const found = [];
  for (const number of sorted) {
    const last = found.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else found.push([number, number]);
  }
  return found.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(", ");
}
