// Ids that the form makes of names: names of another script than Latin have few letters for one, or none.

const ID_MAX = 64; // characters

/**
 * Return an id for each name, no two alike and none that is taken.
 * @param {string[]} names
 * @param {{fallback: string, taken?: Iterable<string>}} options
 */
export function freeIds(names, { fallback, taken = [] }) {
  const used = new Set(taken);
  return names.map((name) => {
    const wanted = idOf(name) || fallback;
    let id = wanted;
    for (let next = 2; used.has(id); next++) id = `${wanted.slice(0, ID_MAX - 4)}-${next}`;
    used.add(id);
    return id;
  });
}

/** Return an id for an event of this name, or of a day where it has no Latin letters. @param {string} name @param {string} day */
export function eventIdOf(name, day) {
  if (!name.trim()) return "";
  return idOf(name) || `event-${day}`;
}

/** @param {string} name */
function idOf(name) {
  const plain = name
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[^a-z0-9\s-]/g, "");
  return plain
    .trim()
    .replace(/[\s-]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, ID_MAX);
}
