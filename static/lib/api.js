// HTTP to our own server: JSON comes back, or a Problem is thrown.

import { texts } from "../texts/en.js";

/** A refusal as the server words it (`application/problem+json`). */
export class Problem extends Error {
  /**
   * @param {object} members
   * @param {string} [members.code]
   * @param {number} [members.status]
   * @param {string} [members.detail]
   * @param {{field: string, why: string}[]} [members.errors]
   */
  constructor(members) {
    super(members.detail || texts.problems.unreadable);
    this.code = members.code ?? "unknown";
    this.status = members.status ?? 0;
    this.errors = members.errors ?? [];
  }
}

/**
 * Ask the server; what it answers, or null where there is no body.
 * @param {string} method
 * @param {string} path
 * @param {{body?: unknown, headers?: Record<string, string>}} [more]
 * @returns {Promise<any>}
 */
export async function ask(method, path, { body, headers = {} } = {}) {
  const response = await reach(path, {
    method,
    headers: body === undefined ? headers : { ...headers, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Problem({ status: response.status, ...answer });
  return answer;
}

/**
 * Ask for a text of another type; what it says, and where its next page is, if there is one.
 * @param {string} path
 * @param {string} type
 */
export async function textOf(path, type) {
  const response = await reach(path, { headers: { Accept: type } });
  if (!response.ok) {
    const answer = await response.json().catch(() => null);
    throw new Problem({ status: response.status, ...answer });
  }
  const [, next = ""] =
    /[?&]after=([^>&]+).*rel="next"/.exec(response.headers.get("Link") ?? "") ?? [];
  return { text: await response.text(), next: decodeURIComponent(next) };
}

/**
 * Fetch; a network that is away is a Problem like any other.
 * @param {string} path
 * @param {RequestInit} request
 */
async function reach(path, request) {
  try {
    return await fetch(path, request);
  } catch {
    throw new Problem({ code: "unreachable", detail: texts.problems.unreachable });
  }
}
