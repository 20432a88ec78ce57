// The compact form of a chart: rows of even steps, which become lists of seats again.

/**
 * @typedef {import("./seat-inventory.js").Section} Section
 * @typedef {{name: string, seats: number, at: [number, number], step: [number, number],
 *   gaps: number[]}} CompactRow
 */

/**
 * Return sections with a list of seats in every row.
 * @param {any[]} sections as `chart?form=compact` has them @returns {Section[]}
 */
export function expandSections(sections) {
  return sections.map((section) =>
    section.rows ? { ...section, rows: section.rows.map(expandRow) } : section,
  );
}

/** @param {CompactRow} row a row that already has a list of seats stays as it is */
function expandRow(row) {
  if (typeof row.seats !== "number") return row;
  const { name, at, step } = row;
  const gaps = new Set(row.gaps);
  const seats = [];
  for (let number = 1; number <= row.seats; number += 1) {
    if (gaps.has(number)) continue;
    const [x, y] = [at[0] + (number - 1) * step[0], at[1] + (number - 1) * step[1]];
    seats.push({ number, x, y, kind: "standard" });
  }
  return { name, seats };
}
