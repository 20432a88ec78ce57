// An operator's session: the cookie says who it is, the CSRF token lives in memory alone.

import { ask, Problem, textOf } from "../lib/api.js";

const BASE = "/api/v1/admin";

/** @typedef {{username: string, role: string, csrf: string}} Who */

/** Asks as the operator who is logged in. */
export class Session {
  /** @type {Who | null} */ who = null;
  #onLost;

  /** @param {() => void} onLost when the session is over */
  constructor(onLost) {
    this.#onLost = onLost;
  }

  /** Take up the session of the cookie; whether there is one. */
  async resume() {
    try {
      this.who = await ask("GET", `${BASE}/me`);
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.status !== 401) throw problem;
      this.who = null;
    }
    return this.who !== null;
  }

  /** Begin a session. @param {string} username @param {string} password */
  async logIn(username, password) {
    this.who = await ask("POST", `${BASE}/login`, { body: { username, password } });
  }

  /** Read something. @param {string} path */
  read(path) {
    return this.#asked(() => ask("GET", BASE + path));
  }

  /** Read a page of a text of another type. @param {string} path @param {string} type */
  readText(path, type) {
    return this.#asked(() => textOf(BASE + path, type));
  }

  /**
   * Write something; a token that is of another session is asked for anew, once.
   * @param {string} method @param {string} path
   * @param {{body?: unknown, headers?: Record<string, string>}} [more]
   */
  write(method, path, { body, headers = {} } = {}) {
    const once = () => {
      const token = { "X-CSRF-Token": this.who?.csrf ?? "" };
      return ask(method, BASE + path, { body, headers: { ...headers, ...token } });
    };
    return this.#asked(async () => {
      try {
        return await once();
      } catch (problem) {
        if (!isOf(problem, "csrf_failed") || !(await this.resume())) throw problem;
        return once();
      }
    });
  }

  /** @param {() => Promise<any>} work */
  async #asked(work) {
    try {
      return await work();
    } catch (problem) {
      if (isOf(problem, "not_authenticated")) {
        this.who = null;
        this.#onLost();
      }
      throw problem;
    }
  }
}

/** @param {unknown} problem @param {string} code */
function isOf(problem, code) {
  return problem instanceof Problem && problem.code === code;
}
