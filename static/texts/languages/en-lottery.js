// Texts of lotteries and windows: by what order one joins, and how one's number was drawn, in English.

import { numberFormat } from "./numbers.js";

/** @typedef {typeof lottery} Lottery */

const keeps = "You may close this page: your place is kept, and this device finds it again.";
const numbered = "You get a number, and everybody is let in strictly by it.";
const early = "The sale has not begun, but the line is open: who joins now has a place already.";

export const lottery = {
  orders: {
    arrival: { lead: `${numbered} ${keeps}`, early },
    lottery: {
      lead:
        "Everybody who joins before the sale opens takes part in one draw, with the same chance. " +
        `Being early makes no difference. ${keeps}`,
      early: "Join at any moment before the sale opens: your number is drawn then.",
    },
    drawing: {
      lead:
        "The numbers of all who came before the opening are being drawn just now. " +
        `Who joins now comes behind them, first come, first served. ${keeps}`,
    },
    drawn: {
      lead: `The draw is over: who joins now comes behind all who took part, first come, first served. ${keeps}`,
    },
    windowsSoon: { lead: `${numbered} ${keeps}`, early },
    windows: {
      lead:
        "Everybody who joins within the same window of {seconds} s is drawn together: being a moment " +
        `faster makes no difference. You are told your number right after it. ${keeps}`,
    },
  },

  undrawn: {
    label: "Your number",
    told: "in a moment",
    later: "a little later",
    keep: "You may close this page or lock your phone: this device finds your place again.",
    lottery: {
      title: "You take part in the draw",
      note: "Numbers are drawn when the sale opens. Being early makes no difference.",
    },
    drawing: { title: "Numbers are being drawn", note: "Yours is told here as soon as it is drawn." },
    window: {
      title: "Your window is being drawn",
      note: "Everybody who joined within the same window of {seconds} s is drawn together.",
    },
    deferred: {
      title: "Your place is kept",
      note:
        "Very many have joined from your network at once, and no network may take the whole line: its numbers are " +
        "given one after another. Yours is told here as soon as it is given.",
    },
    soon: { title: "Your place is kept", note: "Your number is told here in a moment." },
  },

  draw: {
    title: "How is my number drawn?",
    before:
      "Before anybody joined, we made a secret seed and published its SHA-256, below. The seed is told " +
      "after the draw, and your browser then computes your number from it: nobody can choose it.",
    window:
      "Before anybody joined, we made a secret key and published its SHA-256, below. It is told when the " +
      "sale closes; “Why did I wait?” then computes your number from it.",
    after:
      "The seed is told now. Your browser has computed your number from it, by itself: a permutation of " +
      "16 rounds of HMAC-SHA-256, under the seed and the name of your lane.",
    checks: {
      commitment: "the SHA-256 is the one that your browser was told first, and that your proof of place names",
      seed: "the seed is the one whose SHA-256 was published before the draw",
      number: "your number follows from the seed",
    },
    facts: { commitment: "SHA-256 of the seed", seed: "Seed", index: "You joined as", number: "You were drawn" },
    ofAll: (/** @type {number} */ n, /** @type {number} */ all) =>
      `${numberFormat.format(n)} of ${numberFormat.format(all)}`,
  },
};
