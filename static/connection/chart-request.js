// The request for an event's chart, in its compact form.

import { request } from "../lib/api.js";

/**
 * Request the sections of an event.
 * @throws {import("../lib/api.js").Problem} when the server refuses or cannot be reached
 * @param {string} event
 * @returns {Promise<any[]>}
 */
export async function requestChart(event) {
  return (await request("GET", `/api/v1/events/${encodeURIComponent(event)}/chart?form=compact`)).sections;
}
