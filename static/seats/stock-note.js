// The note on stock: all is held just now, or sold out; and for who waits what is free by price.

import { request } from "../lib/api.js";
import { formatPrice } from "../lib/money.js";
import { texts as all } from "../texts/texts.js";
import { byId, setTextOrHide } from "../ui/dom.js";

/** @typedef {{price: import("../lib/money.js").Price, free: number, word: string}} PriceStock */

const AGAIN_MS = 30_000; // and as long again at random: many pages ask
const LINE_PHASES = new Set(["lobby", "waiting", "late"]);
const PHASES = new Set(["outside", "lobby", "waiting", "late", "admitted", "expired"]);

/**
 * Draw what is free by price, and the odds, for who waits.
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
  setTextOrHide(byId("price-stock"), LINE_PHASES.has(phase) ? text : "");
}

/** The stock of one event, as its map or else the server tells it. */
export class StockNote {
  #stock = "";
  #askAt = 0;
  #path;

  /** @param {string} event */
  constructor(event) {
    this.#path = `/api/v1/events/${encodeURIComponent(event)}`;
  }

  /** Set the stock that came with the event's details. @param {string} [stock] */
  set(stock = "") {
    this.#stock = stock;
    this.#askAt = Date.now() + AGAIN_MS * (1 + Math.random());
  }

  /**
   * Draw the note. The server is asked now and then while the map cannot tell held from sold.
   * @param {string} phase @param {"free" | "held" | "gone" | "unknown"} known by the map
   * @param {boolean} isAllTaken whether nothing is free on the map
   */
  draw(phase, known, isAllTaken) {
    if (known === "unknown" && isAllTaken && Date.now() >= this.#askAt) void this.#ask();
    const stock = known === "unknown" ? this.#stock : known;
    const note = /** @type {Record<string, string>} */ (all.stock.notes)[stock] ?? "";
    setTextOrHide(byId("stock"), PHASES.has(phase) ? note : "");
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
