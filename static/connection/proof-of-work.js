// Proof of work: finds the nonce that a join is asked for, in a worker, so that the page stays quick.
//
// The module is the worker's script, too: in there it has no document, and answers challenges. A
// browser without workers of modules searches on the page, a slice at a time.

const NONCE_BYTES = 8; // of hexadecimal digits: 2^32 nonces
const SLICE = 8_192; // hashes in one go on the page, some 10 ms
const HEX = "0123456789abcdef";

/** Fractions of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2). */
const K = constants(64, 1 / 3);
/** Fractions of the square roots of the first 8 primes (FIPS 180-4, 5.3.3). */
const START = constants(8, 1 / 2);

if (typeof document === "undefined" && typeof postMessage === "function") {
  addEventListener("message", ({ data: { challenge, bits } }) => {
    const search = new Search(challenge, bits);
    while (!search.run(SLICE));
    postMessage(search.proof);
  });
}

/**
 * Solve a challenge. Return its proof, `challenge:nonce`.
 * @param {{challenge: string, bits: number}} problem
 * @returns {Promise<string>}
 */
export function solve({ challenge, bits }) {
  return new Promise((resolve) => {
    const onPage = () => void searchOnPage(new Search(challenge, bits)).then(resolve);
    let worker;
    try {
      worker = new Worker(import.meta.url, { type: "module" });
    } catch {
      return onPage();
    }
    worker.onmessage = ({ data }) => {
      worker.terminate();
      resolve(data);
    };
    worker.onerror = onPage;
    worker.postMessage({ challenge, bits });
  });
}

/** @param {Search} search @returns {Promise<string>} */
async function searchOnPage(search) {
  while (!search.run(SLICE)) await new Promise((resolve) => setTimeout(resolve));
  return search.proof;
}

/** A search for the nonce of one challenge, which goes on where it stopped. */
class Search {
  proof = "";
  #nonce = 0;
  #block = new Int32Array(64);
  #state = new Int32Array(8);
  #challenge;
  #bits;
  #bytes;
  #view;
  #at;

  /** @param {string} challenge in ASCII @param {number} bits at most 32 */
  constructor(challenge, bits) {
    this.#challenge = challenge;
    this.#bits = bits;
    const text = new TextEncoder().encode(`${challenge}:`);
    this.#at = text.length;
    const length = text.length + NONCE_BYTES;
    this.#bytes = new Uint8Array(Math.ceil((length + 9) / 64) * 64);
    this.#bytes.set(text);
    this.#bytes[length] = 0x80;
    this.#view = new DataView(this.#bytes.buffer);
    this.#view.setUint32(this.#bytes.length - 4, length * 8);
  }

  /** Try so many nonces. Return whether the proof is found. @param {number} tries */
  run(tries) {
    for (let end = this.#nonce + tries; this.#nonce < end; this.#nonce++) {
      for (let digit = 0; digit < NONCE_BYTES; digit++) {
        const value = (this.#nonce >>> (4 * (NONCE_BYTES - 1 - digit))) & 15;
        this.#bytes[this.#at + digit] = HEX.charCodeAt(value);
      }
      this.#state.set(START);
      for (let at = 0; at < this.#bytes.length; at += 64) this.#compress(at);
      if (Math.clz32(this.#state[0]) >= this.#bits) {
        const nonce = this.#nonce.toString(16).padStart(NONCE_BYTES, "0");
        this.proof = `${this.#challenge}:${nonce}`;
        return true;
      }
    }
    return false;
  }

  /** Add a block of 64 bytes to the hash (FIPS 180-4, 6.2.2). @param {number} from */
  #compress(from) {
    const w = this.#block;
    const state = this.#state;
    for (let t = 0; t < 16; t++) w[t] = this.#view.getInt32(from + 4 * t);
    for (let t = 16; t < 64; t++) {
      const x = w[t - 15];
      const y = w[t - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < 64; t++) {
      const S1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const one = (h + S1 + ((e & f) ^ (~e & g)) + K[t] + w[t]) | 0;
      const S0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const two = (S0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    const sums = [a, b, c, d, e, f, g, h];
    for (let at = 0; at < 8; at++) state[at] += sums[at];
  }
}

/**
 * Return the first 32 bits of the fractions of roots of the first primes.
 * @param {number} count @param {number} power
 */
function constants(count, power) {
  const primes = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((p) => n % p)) primes.push(n);
  return Int32Array.from(primes, (p) => {
    const root = p ** power;
    return ((root - Math.floor(root)) * 2 ** 32) | 0;
  });
}
