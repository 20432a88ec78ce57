// Idempotency keys: a new one for each new command, the same one when it is sent again.

/** Return a random UUID (RFC 9562, version 4). `crypto.randomUUID` needs TLS, this does not. */
export function newIdempotencyKey() {
  const bytes = [...crypto.getRandomValues(new Uint8Array(16))];
  [bytes[6], bytes[8]] = [(bytes[6] & 0x0f) | 0x40, (bytes[8] & 0x3f) | 0x80];
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
