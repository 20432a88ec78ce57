// Checks of a history by this browser alone: the receipt's signature, and the entries in the public journal.
// It imports nothing, so that it is loaded by itself when somebody looks.

/**
 * @typedef {object} Entry an entry of the journal
 * @property {number} n
 * @property {string} at
 * @property {string} what
 * @property {string} who
 * @property {string} hash
 * @property {string} because
 * @property {string} [lane]
 * @property {number} [number]
 * @property {string} [why]
 * @property {string} [by]
 *
 * @typedef {boolean | null} Verdict null: this browser cannot check it
 * @typedef {{receipt?: Verdict, who: Verdict, chain: Verdict}} Verdicts `receipt`: while there is one
 */

const ENTRIES_MAX = 20; // of the visitor's own that are looked up in the journal

/**
 * Check a visitor's history.
 * @param {string} event
 * @param {string} visitor
 * @param {{entries: Entry[], receipt: string}} told
 * @returns {Promise<Verdicts>}
 */
export async function checkHistory(event, visitor, { entries, receipt }) {
  if (!globalThis.crypto?.subtle) return { receipt: null, who: null, chain: null };
  const digest = await sha256(`${event}:${visitor}`);
  const own = entries.filter(({ who }) => who === digest);
  const followed = await Promise.all(own.slice(-ENTRIES_MAX).map((entry) => follows(event, entry)));
  return {
    ...(receipt ? { receipt: await isSigned(receipt, event, visitor) } : {}),
    who: own.length > 0 && entries.every(({ who }) => !who || who === digest),
    chain: followed.every(Boolean),
  };
}

/**
 * Return whether the public journal has an entry, with the hash that follows from the one before.
 * @param {string} event
 * @param {Entry} entry
 */
async function follows(event, entry) {
  const path = `/api/v1/events/${encodeURIComponent(event)}/journal`;
  const { entries } = await read(`${path}?after=${Math.max(0, entry.n - 2)}&limit=2`);
  const before = entry.n === 1 ? "" : (entries[0]?.hash ?? "");
  const published = entries.find((/** @type {Entry} */ { n }) => n === entry.n);
  return published?.hash === entry.hash && (await sha256(before + canonical(entry))) === entry.hash;
}

/** Return the canonical JSON (RFC 8785) of an entry without its hash. @param {Entry} entry */
export function canonical({ hash: _hash, because: _because, ...members }) {
  return JSON.stringify(Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/**
 * Return whether a receipt is signed by a published key and is this visitor's; null: unknown here.
 * @param {string} receipt a JWS (RFC 7515, RFC 8037)
 * @param {string} event
 * @param {string} visitor
 */
async function isSigned(receipt, event, visitor) {
  const [head, body, signature] = receipt.split(".");
  const [{ kid }, claims] = [head, body].map((part) => JSON.parse(new TextDecoder().decode(bytesOf(part))));
  const { keys } = await read("/.well-known/jwks.json");
  const jwk = keys.find((/** @type {{kid: string}} */ key) => key.kid === kid);
  if (!jwk) return false;
  try {
    const { kty, crv, x } = jwk;
    const key = await crypto.subtle.importKey("jwk", { kty, crv, x }, { name: "Ed25519" }, false, ["verify"]);
    const text = new TextEncoder().encode(`${head}.${body}`);
    const isGenuine = await crypto.subtle.verify("Ed25519", key, bytesOf(signature), text);
    return isGenuine && claims.event === event && claims.visitor === visitor;
  } catch {
    return null;
  }
}

/** Return the JSON at a path. @throws {Error} when it cannot be had @param {string} path */
async function read(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/** @param {string} text in base64url */
function bytesOf(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

/** Return the SHA-256 of a text, in hex. @param {string} text */
async function sha256(text) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
