// Times by the clock of a venue: between the text of a datetime-local field and an instant.

const MINUTE_MS = 60_000;

/** The zone of this device. */
export const deviceZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/**
 * Return the instant (RFC 3339) of a local time in a zone. A time that a clock change skips becomes
 * the one an offset later; of one that comes twice it is one of both.
 * @throws {RangeError} when there is no such time or zone
 * @param {string} local "2026-12-27T20:00"
 * @param {string} zone
 */
export function instantOf(local, zone) {
  const wanted = Date.parse(`${local}Z`);
  let at = wanted;
  for (let round = 0; round < 2; round++) at = wanted - offsetMs(at, zone);
  return new Date(at).toISOString();
}

/** Return an instant as a datetime-local field wants it, by the clock of a zone. @param {string} instant @param {string} zone */
export function localOf(instant, zone) {
  const at = Date.parse(instant);
  return new Date(at + offsetMs(at, zone)).toISOString().slice(0, 16);
}

/** Return whether this browser knows a zone. @param {string} zone */
export function isZone(zone) {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: zone }));
  } catch {
    return false;
  }
}

/** Return by how much a zone's clock is ahead of UTC at a time. @param {number} at @param {string} zone */
function offsetMs(at, zone) {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  const parts = Object.fromEntries(
    format.formatToParts(at).map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts;
  const shown = Date.UTC(year, month - 1, day, hour, minute);
  return shown - Math.floor(at / MINUTE_MS) * MINUTE_MS;
}
