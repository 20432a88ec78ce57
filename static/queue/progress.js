// Progress since joining, kept in sessionStorage so that it survives a reload.

/** @type {{number: number, from: number} | null} */
let progress = null;

/**
 * Return the share of the way that is done: 0 at first, nearly 1 for the next visitor.
 * @param {string} event
 * @param {number} number of the place
 * @param {number} ahead visitors ahead now
 */
export function shareDone(event, number, ahead) {
  progress ??= load(event);
  if (progress?.number !== number || progress.from < ahead) {
    progress = { number, from: ahead };
    save(event, progress);
  }
  return (progress.from - ahead) / (progress.from + 1);
}

/** @param {string} event @returns {{number: number, from: number} | null} */
function load(event) {
  try {
    return JSON.parse(sessionStorage.getItem(keyOf(event)) ?? "null");
  } catch {
    return null;
  }
}

/** @param {string} event @param {{number: number, from: number}} progress */
function save(event, progress) {
  try {
    sessionStorage.setItem(keyOf(event), JSON.stringify(progress));
  } catch {
    // storage is off: progress begins anew with a reload
  }
}

/** @param {string} event */
function keyOf(event) {
  return `rush-way-${event}`;
}
