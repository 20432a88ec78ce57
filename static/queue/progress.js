// How far somebody has come since they joined, also after the page was loaded anew.

/** @type {{number: number, from: number} | null} */
let way = null;

/**
 * The share of the way that is done: 0 at first, nearly 1 for who is next.
 * @param {string} event
 * @param {number} number whose way it is
 * @param {number} ahead how many are ahead now
 */
export function share(event, number, ahead) {
  way ??= recalled(event);
  if (way?.number !== number || way.from < ahead) {
    way = { number, from: ahead };
    keep(event, way);
  }
  return (way.from - ahead) / (way.from + 1);
}

/** @param {string} event @returns {{number: number, from: number} | null} */
function recalled(event) {
  try {
    return JSON.parse(sessionStorage.getItem(keyOf(event)) ?? "null");
  } catch {
    return null;
  }
}

/** @param {string} event @param {{number: number, from: number}} from */
function keep(event, from) {
  try {
    sessionStorage.setItem(keyOf(event), JSON.stringify(from));
  } catch {
    // storage is off: the way begins anew when the page is loaded anew
  }
}

/** @param {string} event */
function keyOf(event) {
  return `rush-way-${event}`;
}
