// HTTP requests to the server: they return JSON, or throw a Problem.

import { texts as all } from "../texts/texts.js";

/** A refusal as the server words it (RFC 9457, `application/problem+json`). */
export class Problem extends Error {
  /**
   * @param {object} members
   * @param {string} [members.code]
   * @param {number} [members.status]
   * @param {string} [members.detail]
   * @param {{field: string, why: string}[]} [members.errors]
   */
  constructor(members) {
    super(members.detail || all.problems.unreadable);
    this.code = members.code ?? "unknown";
    this.status = members.status ?? 0;
    this.errors = members.errors ?? [];
  }
}

/**
 * Send a request. Return the JSON of the answer, or null when it has no body.
 * @throws {Problem} when the server refuses or cannot be reached
 * @param {string} method
 * @param {string} path
 * @param {{body?: unknown, headers?: Record<string, string>}} [more]
 * @returns {Promise<any>}
 */
export async function request(method, path, { body, headers = {} } = {}) {
  const response = await fetchOrThrow(path, {
    method,
    headers: body === undefined ? headers : { ...headers, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Problem({ status: response.status, ...answer });
  return answer;
}

/**
 * Request a text of another media type. Return it, and the cursor of the next page or "".
 * @throws {Problem} when the server refuses or cannot be reached
 * @param {string} path
 * @param {string} type
 */
export async function requestText(path, type) {
  const response = await fetchOrThrow(path, { headers: { Accept: type } });
  if (!response.ok) {
    const answer = await response.json().catch(() => null);
    throw new Problem({ status: response.status, ...answer });
  }
  const [, next = ""] =
    /[?&]after=([^>&]+).*rel="next"/.exec(response.headers.get("Link") ?? "") ?? [];
  return { text: await response.text(), next: decodeURIComponent(next) };
}

/**
 * Fetch, and throw a Problem when the network fails.
 * @param {string} path
 * @param {RequestInit} options
 */
async function fetchOrThrow(path, options) {
  try {
    return await fetch(path, options);
  } catch {
    throw new Problem({ code: "unreachable", detail: all.problems.unreachable });
  }
}
