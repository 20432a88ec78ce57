// CSV files: every page of a list, joined below one header, and saved through the browser.

import { saveFile } from "../ui/save-file.js";

const PAGE = 1000;

/**
 * Save a list of the server as a CSV file.
 * @throws {import("../lib/api.js").Problem} when the server refuses
 * @param {import("./session.js").Session} session
 * @param {{path: string, query?: Record<string, string>, name: string}} list `path` below that of operators
 */
export async function saveCsv(session, { path, query = {}, name }) {
  let [whole, after] = ["", ""];
  do {
    const asked = new URLSearchParams({ ...query, limit: String(PAGE), ...(after ? { after } : {}) });
    const page = await session.readText(`${path}?${asked}`, "text/csv");
    whole += whole ? page.text.slice(page.text.indexOf("\n") + 1) : page.text;
    after = page.next;
  } while (after);
  saveFile(new Blob([whole], { type: "text/csv" }), name);
}
