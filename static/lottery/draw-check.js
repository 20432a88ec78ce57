// The check of a draw by this browser alone: commitment, seed, and the number of one index.
// It imports nothing, and repeats docs/fairness.md and not the server's code.

/**
 * @typedef {object} Drawn
 * @property {string} seed of the lottery, or the key of windows, in hex
 * @property {string} commitment in hex
 * @property {string} lane
 * @property {number} window 0: the lobby before opening
 * @property {number} first index of the draw
 * @property {number} last
 * @property {number} index of the place
 * @property {number} number of the place
 */

const ROUNDS = 16;

/**
 * Check a drawn number. Return whether the seed is the one that was committed to, and whether the
 * number follows from it; null where this browser cannot compute.
 * @param {Drawn} drawn
 * @returns {Promise<{seed: boolean | null, number: boolean | null}>}
 */
export async function checkDraw(drawn) {
  if (!globalThis.crypto?.subtle) return { seed: null, number: null };
  const seed = bytesOf(drawn.seed);
  const digest = hexOf(await crypto.subtle.digest("SHA-256", seed));
  const number = await numberOf(drawn, seed);
  return { seed: digest === drawn.commitment, number: number === drawn.number };
}

/** Return the number that the index of a draw has, or 0: it is not of this draw. @param {Drawn} drawn @param {BufferSource} seed */
async function numberOf({ lane, window, first, last, index }, seed) {
  if (index < first || index > last) return 0;
  const ofWindow = window ? await hmac(seed, String(window)) : seed;
  const key = await hmac(ofWindow, lane);
  return first - 1 + (await permuted(key, last - first + 1, index - first + 1));
}

/**
 * Return the place, 1 to count, of an index, 1 to count: a Feistel network with cycle walking.
 * @param {BufferSource} key @param {number} count @param {number} index
 */
async function permuted(key, count, index) {
  const half = 2 ** Math.floor((bitsOf(count) + 1) / 2);
  let at = index - 1;
  do {
    let [left, right] = [Math.floor(at / half), at % half];
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      const digest = new DataView(await hmac(key, `${count}:${turn}:${right}`));
      [left, right] = [right, (left + digest.getUint32(0)) % half];
    }
    at = left * half + right;
  } while (at >= count);
  return at + 1;
}

/** Return how many bits a number has. @param {number} number */
function bitsOf(number) {
  return number.toString(2).length;
}

/** Return the HMAC-SHA-256 of a text. @param {BufferSource} key @param {string} text */
async function hmac(key, text) {
  const hash = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, hash, false, ["sign"]);
  return crypto.subtle.sign("HMAC", imported, new TextEncoder().encode(text));
}

/** @param {string} hex */
function bytesOf(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** @param {ArrayBuffer} buffer */
function hexOf(buffer) {
  return [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
