// HTTP to our own server: JSON comes back, or a Problem is thrown.

import { texts } from "./texts.js";

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
