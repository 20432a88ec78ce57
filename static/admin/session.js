// The operator's session (a cookie, and a CSRF token in memory alone), and what all panels share.

import { Problem, request, requestText } from "../lib/api.js";

const BASE = "/api/v1/admin";
const LOGGED_IN = "rush-operator"; // whether a session may be there: its cookie is not for scripts

/**
 * @typedef {{username: string, role: string, csrf: string, mail: boolean, identities: string[]}} Operator
 *
 * @typedef {object} Event
 * @property {string} id
 * @property {string} name
 * @property {string} state
 * @property {string | null} reason
 * @property {{since: string, reason?: string}} [stopped]
 * @property {{until: string, before: Record<string, any>}} [timed_rules]
 * @property {string} [state_since]
 * @property {string} [archived_at]
 * @property {string | null} opens_at
 * @property {string | null} [closes_at]
 * @property {{name: string, address?: string}} [venue]
 * @property {{url: string, name?: string}} [terms]
 * @property {string} [names] that a checkout asks for
 * @property {{id: string, starts_at: string, time_zone?: string}[]} shows
 * @property {{id: string, name: string, show: string, kind: string, view?: string, price?: {currency: string}}[]} sections
 * @property {Record<string, any>} rules
 *
 * @typedef {object} AdminContext shared by the panels of the page
 * @property {Session} session
 * @property {Event | null} event the chosen one
 * @property {Record<string, any> | null} stats its latest figures
 * @property {(event: Event) => void} eventChanged shows an event that is new or has changed
 * @property {(id: string) => void} choose shows the page that is open of another event
 * @property {(route: import("./pages.js").Route) => void} open shows a page of an event
 * @property {() => Promise<void>} reload loads the chosen event again
 * @property {() => void} journalChanged loads the journal again, after a write
 *
 * @typedef {{show: (event: Event, about: string) => void, hide?: () => void}} Panel
 */

/** A session; its requests carry the cookie, and writes the CSRF token too. */
export class Session {
  /** @type {Operator | null} */ operator = null;
  #onLost;

  /** @param {() => void} onLost called when the server knows the session no more */
  constructor(onLost) {
    this.#onLost = onLost;
  }

  /** Resume the session of the cookie. Return whether there is one; who never logged in is not asked about. */
  async resume() {
    if (!this.operator && !wasLoggedIn()) return false;
    try {
      this.operator = await request("GET", `${BASE}/me`);
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.status !== 401) throw problem;
      this.#forget();
    }
    return this.operator !== null;
  }

  /** Log in. @param {string} username @param {string} password @param {string} code of a second factor, or "" */
  async logIn(username, password, code) {
    const body = { username, password, ...(code ? { code } : {}) };
    this.operator = await request("POST", `${BASE}/login`, { body });
    rememberLogin(true);
  }

  /** End the session on the server, too. */
  async logOut() {
    await this.write("POST", "/logout");
    this.#forget();
  }

  /** Change one's own password; the session is a new one then. @param {string} current @param {string} password */
  async changePassword(current, password) {
    this.operator = await this.write("POST", "/me/password", { body: { current, password } });
  }

  #forget() {
    this.operator = null;
    rememberLogin(false);
  }

  /** Send a GET request. @param {string} path */
  read(path) {
    return this.#guarded(() => request("GET", BASE + path));
  }

  /** Request a page of a text of another media type. @param {string} path @param {string} type */
  readText(path, type) {
    return this.#guarded(() => requestText(BASE + path, type));
  }

  /**
   * Send a writing request. When its CSRF token is outdated, get a new one and retry once.
   * @param {string} method @param {string} path
   * @param {{body?: unknown, headers?: Record<string, string>}} [more]
   */
  write(method, path, { body, headers = {} } = {}) {
    const once = () => {
      const token = { "X-CSRF-Token": this.operator?.csrf ?? "" };
      return request(method, BASE + path, { body, headers: { ...headers, ...token } });
    };
    return this.#guarded(async () => {
      try {
        return await once();
      } catch (problem) {
        if (!hasCode(problem, "csrf_failed") || !(await this.resume())) throw problem;
        return once();
      }
    });
  }

  /** @param {() => Promise<any>} work */
  async #guarded(work) {
    try {
      return await work();
    } catch (problem) {
      if (hasCode(problem, "not_authenticated")) {
        this.#forget();
        this.#onLost();
      }
      throw problem;
    }
  }
}

/** @param {unknown} problem @param {string} code */
function hasCode(problem, code) {
  return problem instanceof Problem && problem.code === code;
}

function wasLoggedIn() {
  try {
    return localStorage.getItem(LOGGED_IN) !== null;
  } catch {
    return true; // storage is off: the server knows
  }
}

/** @param {boolean} isIn */
function rememberLogin(isIn) {
  try {
    if (isIn) localStorage.setItem(LOGGED_IN, "1");
    else localStorage.removeItem(LOGGED_IN);
  } catch {
    return; // storage is off
  }
}
