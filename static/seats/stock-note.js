// The note on stock: all is held just now, or sold out; and what is free by price.

import { request } from "../lib/api.js";
import { formatPrice } from "../lib/money.js";
import { texts as all } from "../texts/texts.js";
import { byId, setTextOrHide } from "../ui/dom.js";

/** @typedef {{price: import("../lib/money.js").Price, free: number, word: string}} PriceStock */

const AGAIN_MS = 30_000; // and as long again at random: many pages ask
const PRICE_PHASES = new Set(["outside", "lobby", "waiting", "late"]);
const PHASES = new Set(["outside", "lobby", "waiting", "late", "admitted", "expired"]);

/**
 * Draw what is free by price, and for who waits the odds.
 * @param {{place: {odds?: string | null} | null, stock: PriceStock[]}} queueState
 * @param {string} phase
 */
export function drawPriceStock({ place, stock }, phase) {
  const words = /** @type {Record<string, any>} */ (all.stock.byPrice);
  const isPlenty = stock.length > 0 && stock.every(({ word }) => word === "plenty");
  const prices = isPlenty
    ? [all.stock.everyPrice]
    : stock.map(({ price, free, word }) => words[word](formatPrice(price), free));
  const odds = /** @type {Record<string, string>} */ (all.stock.odds)[place?.odds ?? ""] ?? "";
  const text = [prices.join(" · "), odds].filter(Boolean).join(isPlenty ? " " : " — ");
  setTextOrHide(byId("price-stock"), PRICE_PHASES.has(phase) ? text : "");
}

/** The stock of one event, as its map or else the server tells it. */
export class StockNote {
  /** The word for a house of which nobody can take anything: `held`, or `gone`; else "". */
  word = "";
  #stock = "";
  #askAt = 0;
  #wasNoneFree = false;
  #path;

  /** @param {string} event @param {string} [stock] that the page came with */
  constructor(event, stock) {
    this.#path = `/api/v1/events/${encodeURIComponent(event)}`;
    this.set(stock);
  }

  /** Set the stock that came with the event's details. @param {string} [stock] */
  set(stock = "") {
    this.#stock = stock;
    this.#askAt = Date.now() + AGAIN_MS * (1 + Math.random());
  }

  /**
   * Draw the note. The server is asked now and then while nothing is free, and neither the map nor
   * the prices can tell held from sold.
   * @param {string} phase @param {"free" | "held" | "gone" | "unknown"} known by the map
   * @param {boolean} isAllTaken whether nothing is free on the map
   * @param {PriceStock[]} prices as the server sent them last
   */
  draw(phase, known, isAllTaken, prices) {
    const isNoneFree = isAllTaken || (prices.length > 0 && prices.every(({ free }) => free === 0));
    const isUnknown = known === "unknown";
    if (isNoneFree && !this.#wasNoneFree && !(this.#stock in all.stock.notes)) this.#askAt = 0;
    this.#wasNoneFree = isNoneFree;
    if (isUnknown && isNoneFree && Date.now() >= this.#askAt) void this.#ask();
    const asked = isNoneFree || prices.length === 0 ? this.#stock : "";
    const word = isUnknown ? asked : known;
    const note = /** @type {Record<string, string>} */ (all.stock.notes)[word] ?? "";
    this.word = note ? word : "";
    const told = phase === "admitted" ? note : note && `${note} ${all.stock.waitlist}`;
    setTextOrHide(byId("stock"), PHASES.has(phase) ? told : "");
  }

  async #ask() {
    const isFirst = !["held", "gone"].includes(this.#stock);
    this.set(this.#stock);
    if (isFirst) await new Promise((resolve) => setTimeout(resolve, Math.random() * 3_000));
    try {
      this.set((await request("GET", this.#path)).event.stock);
    } catch {
      // asked again later
    }
  }
}
