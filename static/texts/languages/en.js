// Texts of visitors' pages in English; another language has the same keys.

import { history } from "./en-history.js";
import { home } from "./en-home.js";
import { seats } from "./en-booking.js";
import { lottery } from "./en-lottery.js";
import { countOf, listFormat, locale, numberFormat } from "./numbers.js";

/** @typedef {typeof texts} Texts */

const range = (/** @type {number} */ from, /** @type {number} */ to) =>
  from === to
    ? numberFormat.format(from)
    : `${numberFormat.format(from)}–${numberFormat.format(to)}`;

export const texts = {
  locale,
  direction: "ltr",
  number: (/** @type {number} */ n) => numberFormat.format(n),
  list: (/** @type {string[]} */ items) => listFormat.format(items),

  free: "Free",

  common: {
    brand: "Booking Rush",
    skip: "Skip to the content",
    allEvents: "All events",
    missing: "There is no such page",
    missingLead: "The address may be mistyped, or the page is gone.",
    tryAgain: "Try again",
    cancel: "Cancel",
    dismiss: "Dismiss",
    language: "Language",
  },

  problems: {
    unreachable: "The server cannot be reached. Check your connection.",
    unreadable: "Something went wrong. Try again in a moment.",
  },

  states: {
    scheduled: "Not open yet",
    drawing: "Drawing places",
    open: "Open",
    paused: "Paused",
    draining: "Last visitors",
    closed: "Closed",
    recovering: "Recovering",
    stopped: "Stopped",
  },

  stock: {
    words: { few: "Few left", held: "All held, some may come back", gone: "Sold out" },
    states: { held: "All held just now", gone: "Sold out" },
    everyPrice: "Plenty is free at every price.",
    byPrice: {
      plenty: (/** @type {string} */ price, /** @type {number} */ _free) => `${price}: plenty free`,
      few: (/** @type {string} */ price, /** @type {number} */ free) => `${price}: ${numberFormat.format(free)} left`,
      gone: (/** @type {string} */ price, /** @type {number} */ _free) => `${price}: none free`,
    },
    odds: {
      likely: "You will probably get seats.",
      uncertain: "It is not certain that you get seats.",
      unlikely: "You will hardly get seats, unless some come back.",
    },
    notes: {
      held: "All places are held or being paid just now. Some of them may come back.",
      gone: "Everything is sold. A place comes back only when somebody cancels.",
    },
    waitlist: "The line is the waiting list: places that come back are offered in its order.",
  },

  dates: { pattern: "{weekday} {day} {month} {year} at {time} {zone}", byYourClock: "{when} ({own} by your clock)" },

  durations: {
    unknown: "We cannot tell yet",
    soon: "less than a minute",
    minutes: (/** @type {number} */ from, /** @type {number} */ to) =>
      `about ${range(from, to)} ${to === 1 ? "minute" : "minutes"}`,
    hours: (/** @type {number} */ from, /** @type {number} */ to) =>
      `about ${range(from, to)} ${to === 1 ? "hour" : "hours"}`,
  },

  home,

  event: {
    titles: {
      waiting: (/** @type {number} */ ahead) =>
        ahead ? `${numberFormat.format(ahead)} ahead` : "You are next",
      lobby: "Before the sale",
      admitted: (/** @type {string} */ left) => `Your turn ${left}`,
      held: (/** @type {string} */ left) => `Pay within ${left}`,
    },
    connection: {
      connecting: "Connecting…",
      open: "Live",
      away: "Reconnecting…",
      offline: "You are offline",
      stopped: "Not connected",
    },
    room: {
      scheduled: "The sale has not begun.",
      drawing: "Places are being drawn.",
      open: "Visitors are being let in.",
      halted: "Nobody is let in just now. The line is open.",
      held: "Visitors are let in, and can choose places that come back.",
      gone: "Visitors are let in when a place comes back.",
      paused: "Nobody is let in at the moment. Every place is kept.",
      draining: "Nobody may join any more. Who is in line is still let in.",
      closed: "The sale is over.",
      recovering: "The line is being restored. Every place that was told is kept.",
      stopped: "The sale is stopped for the moment. Everybody keeps their place, seats and time.",
    },

    noscript: {
      lead:
        "You can join and wait without JavaScript. " +
        "To choose seats, turn it on before your turn comes.",
      ahead: "People ahead of you",
      left: "Time left of your turn (minutes)",
      oneMore: "and one more date",
      moreDates: "and {n} more dates",
      refreshes: "This page loads itself again every few seconds while you wait.",
      now: "Look now",
      none: "You are not in line",
      turn: "Turn JavaScript on now and load this page again to choose seats.",
      proof:
        "Very many people are joining just now, and a small task has to be solved for a place, which needs " +
        "JavaScript. Turn it on, or try again when fewer people join.",
      busy: "The line is very busy. Try again in a moment.",
    },

    offline: {
      lead: "You are offline.",
      leadAway: "We hear nothing from the server just now.",
      none: "We try again as soon as we can.",
      place: "Your place is kept, and you find it here when the connection is back.",
      held: (/** @type {string} */ time) =>
        `Your seats are kept until ${time}, and nothing is charged meanwhile.`,
      asked: (/** @type {string} */ time) =>
        `Your seats are kept until ${time}; we pay as soon as the connection is back, and never twice.`,
      paying: "Your bank goes on without you: you pay once or not at all, and you find out here.",
    },

    connecting: "Finding your place…",

    outside: {
      title: "Join the line",
      opens: "The sale opens on {when}.",
      draining: "The line is closed to newcomers",
      noneLead: "You can join all the same, and wait for places that come back.",
      drainingLead: "The last visitors are being let in. Nobody can join any more.",
    },
    join: "Join the line",
    joinAgain: "Join the line again",
    look: "Look at seats and prices",
    joining: "Joining…",

    code: "Code, if you have one",

    place: {
      number: "Your number",
      waiting: "You are in line",
      lobby: "Your place is kept",
      next: "You are next",
      nextHalted: "You are next, and nobody is let in just now",
      nextGone: "You are next when a place comes back",
      ahead: (/** @type {number} */ n) => (n === 1 ? "person ahead of you" : "people ahead of you"),
      eta: "Estimated wait",
      band: (/** @type {string} */ from, /** @type {string} */ to) =>
        from === to ? `at about ${from}` : `at about ${from}–${to}`,
      etaLobby: "The sale opens",
      etaPaused: "When the line moves again",
      etaGone: "When a place comes back",
      opensUnknown: "The time is not known yet",
      opensIn: (/** @type {string} */ left) => `in ${left}`,
      opensSoon: "any moment now",
      days: (/** @type {number} */ n) => countOf(n, "day", "days"),
      progress: "Your way since you joined",
      lane: (/** @type {string} */ name) =>
        name === "main" ? "You are in the main lane." : `You are in the lane “${name}”.`,
      crowd: (/** @type {number} */ n) => `${countOf(n, "person is", "people are")} in line in all`,
      lastKnown: "This is the last that we heard. We are reconnecting, and your place is kept.",
      renumbered: "Your earlier place had ended, so you have been given a new one.",
      keep:
        "Your number never changes. " +
        "You may close this page or lock your phone; be back before your turn.",
    },

    prefer: {
      lead: "What would you like? We show it first when your turn comes",
      quantity: "How many",
      anywhere: "anywhere",
    },

    callBack: {
      lead: "When my turn comes, call me by",
      ways: {
        notification: "notification",
        sound: "sound",
        vibration: "vibration",
        screen: "keeping this screen on",
      },
      title: "It is your turn",
      body: "You are let in now. Come back to the page.",
    },

    receipt: {
      title: "Your proof of place",
      lead:
        "This text is signed by us: it says your number and when you got it. " +
        "Keep it if you want to be sure.",
      receipt: "Signed proof",
      visitor: "Your visitor name, if somebody at our end asks for it",
      copy: "Copy the proof",
      copied: "Copied",
    },

    history,
    ...lottery,

    leave: {
      button: "Leave the line",
      buttonAdmitted: "Give up my turn",
      title: "Leave the line?",
      lead: "Your place goes to who comes after you. If you join again, you begin at the end.",
      titleAdmitted: "Give up your turn?",
      leadAdmitted:
        "Somebody else is let in instead. To come back you have to join the line again.",
      leadHolding:
        "The seats that you hold stay yours to pay for until their time is over, but you can choose " +
        "no others. To come back you have to join the line again.",
      yes: "Leave",
      yesAdmitted: "Give up",
      no: "Stay",
    },

    admitted: {
      title: "It is your turn",
      lead: "You have been let in. Your turn lasts for",
      elsewhere:
        "Nothing is sold on this page. Go on where the organiser told you to, before your turn is over; " +
        "you may leave this page open.",
      confirmBy: (/** @type {string} */ left) =>
        `Say within ${left} that you are here, or your turn goes to the next.`,
      over: "Your time is over.",
      announce: (/** @type {number} */ minutes) =>
        `It is your turn. You have ${countOf(minutes, "minute", "minutes")}.`,
      lastMinute: "Less than a minute is left of your turn.",
    },
    confirmPresence: "I'm here",
    confirmingPresence: "Telling the server…",

    late: {
      title: "You missed your turn",
      lead:
        "We let you in, but nobody was here. Your place is kept for a while yet: " +
        "press the button, and you are let in as one of the next.",
      back: "Good that you are here",
      backLead: "You are let in as one of the next. Stay on this page.",
    },

    expired: {
      pass_over: ["Your turn is over", "The time for booking has run out."],
      missed: ["You missed your turn", "Nobody was here when your turn came."],
      late_over: [
        "Your place has ended",
        "It was kept for a while after your turn came, but we heard nothing from you.",
      ],
      removed: ["Your place was taken away", "The organisers have ended your place in this line."],
      purchase: ["Thank you, you have booked", "Your turn has ended with your booking."],
      other: ["Your place has ended", "You are not in line any more."],
      again: "You can join the line again; you then begin at its end.",
      noMore: "Nobody can join any more.",
    },

    closed: { title: "The sale is over", lead: "This line is closed. Thank you for coming." },
    elsewhere: {
      title: "This line is open in another tab",
      lead:
        "Your place is shown where you opened it last, so that it is never in two tabs at once. " +
        "Nothing is lost.",
      button: "Use this tab",
    },
    unknown: {
      4404: ["There is no such event", "The address may be mistyped, or the event is gone."],
      4401: [
        "Your browser keeps no cookies",
        "We know you by a cookie. Allow cookies for this site and try again.",
      ],
      4403: ["You may not come in here", "The server has refused this connection."],
      other: ["We have lost each other", "The server has ended this connection. Try again."],
    },

    broadcast: {
      levels: { info: "Message", warning: "Please note", urgent: "Important" },
      at: (/** @type {string} */ time) => `at ${time}`,
      earlier: (/** @type {number} */ n) => countOf(n, "earlier message", "earlier messages"),
    },

    refused: {
      line_closed: "Nobody may join this line any more.",
      line_full: "As many people are waiting as can wait. Try again in a little while.",
      banned: "You may not join this line for now. The organiser can tell you why.",
      identity_required:
        "This event lets only those join whom its organiser has checked. Come by the link that you were sent.",
      identity_used: "Somebody has joined with this identity already: one person, one place.",
      proof_required:
        "Very many people are joining just now. Your browser is solving a small task for your place; that takes seconds.",
      unknown_code: "This code opens no lane here. Check it, or join without one.",
      code_used_up: "This code has been used up. You can join without one.",
      temporary: "The line is very busy. We keep asking for you…",
    },

    announce: {
      waiting: (/** @type {number} */ ahead, /** @type {string} */ eta) =>
        ahead
          ? `${countOf(ahead, "person", "people")} ahead of you. Estimated wait: ${eta}.`
          : "You are next.",
    },
  },

  seats,
};
