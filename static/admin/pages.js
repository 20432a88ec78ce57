// The pages of the console: a route in the address (`#/night/demo`), the navigation, and the page shown.

import { texts as all } from "../texts/texts.js";
import { byId, createElement, setText } from "../ui/dom.js";

/** The pages in their order, and whether one shows the chosen event. */
const PAGES = {
  night: { ofEvent: true },
  bookings: { ofEvent: true },
  visitors: { ofEvent: true },
  house: { ofEvent: true },
  rules: { ofEvent: true },
  messages: { ofEvent: true },
  journal: { ofEvent: false },
  events: { ofEvent: false },
  people: { ofEvent: false },
};

/** @typedef {keyof typeof PAGES} PageName */
/** @typedef {{page: PageName, event: string, about?: string}} Route `about`: what the page looks for */

const ROUTE = /^#\/([a-z]+)(?:\/([^?]*))?(?:\?(.*))?/;

/** Return the route of an address; one of an event alone (`#demo`) leads to its first page. */
export function routeOf(/** @type {string} */ hash) {
  const [, page = "", event = "", query = ""] = ROUTE.exec(hash) ?? ["", "night", hash.slice(1)];
  const known = page in PAGES ? /** @type {PageName} */ (page) : "night";
  return { page: known, event: decoded(event), about: new URLSearchParams(query).get("q") ?? "" };
}

/** Return the address of a route. @param {Route} route */
export function hashOf({ page, event, about }) {
  const query = about ? `?${new URLSearchParams({ q: about })}` : "";
  return `#/${page}${event ? `/${encodeURIComponent(event)}` : ""}${query}`;
}

/** Fill the navigation. Return how to show a page. */
export function pageNavigation() {
  const links = Object.keys(PAGES).map(link);
  byId("page-list").replaceChildren(...links.map((one) => createElement("li", {}, one)));

  return {
    /** Show the page of a route; without an event those of an event say that one is to be chosen. */
    show(/** @type {Route} */ { page, event }) {
      const isEmpty = PAGES[page].ofEvent && !event;
      byId("none").hidden = !isEmpty;
      for (const element of document.querySelectorAll(".page")) {
        const one = /** @type {HTMLElement} */ (element);
        one.hidden = isEmpty || one.dataset.page !== page;
      }
      for (const one of links) {
        const name = /** @type {PageName} */ (one.dataset.go);
        one.setAttribute("href", hashOf({ page: name, event }));
        if (name === page) {
          one.setAttribute("aria-current", "page");
          one.scrollIntoView({ block: "nearest", inline: "center" });
        } else one.removeAttribute("aria-current");
      }
      setText(byId("page-title"), all.admin.pages.names[page]);
    },
  };
}

/** @param {string} name */
function link(name) {
  const attributes = { href: `#/${name}`, "data-go": name, "data-testid": `go-${name}` };
  const text = /** @type {Record<string, string>} */ (all.admin.pages.names)[name] ?? name;
  return createElement("a", attributes, text);
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
