// Texts for choosing, holding and paying in English; `languages/en.js` has them as `texts.seats`.

import { countOf, listFormat, numberFormat } from "./numbers.js";

const seatCount = (/** @type {number} */ n) => countOf(n, "seat", "seats");
const placeCount = (/** @type {number} */ n) => countOf(n, "place", "places");
const countOfBoth = (/** @type {number} */ seats, /** @type {number} */ places) =>
  listFormat.format([...(seats ? [seatCount(seats)] : []), ...(places ? [placeCount(places)] : [])]);

/** @typedef {typeof seats} Seats */

export const seats = {
  seats: seatCount,
  places: placeCount,
  seat: (/** @type {string} */ row, /** @type {number} */ number) => `Row ${row}, seat ${number}`,
  short: (/** @type {string} */ row, /** @type {number} */ number) => `${row} ${number}`,
  standing: (/** @type {number} */ n) => `${placeCount(n)}, standing`,

  titles: {
    looking: "Seats and prices",
    choosing: "Choose your seats",
    holding: "Your seats in the house",
  },
  leads: {
    looking: "You see live what is free. Visitors choose when it is their turn.",
    choosing: (/** @type {number} */ most) =>
      `Up to ${countOf(most, "ticket", "tickets")}. Seats are yours for a while once you hold them.`,
    all: "You have booked as many tickets as one person may.",
    holding: "",
  },
  loading: "Looking up the seats…",
  failed: "The seats cannot be shown just now.",

  sections: {
    seated: "seats in rows",
    standing: "standing",
    free: (/** @type {number} */ n) => `${numberFormat.format(n)} free`,
    stock: { held: "all held", gone: "sold out", unknown: "none free just now" },
    title: "Sections",
  },

  map: {
    label: (/** @type {string} */ section) =>
      `Seats of ${section}. Arrow keys move, N and P go to the next and the previous free seat, the ` +
      "space bar chooses, Escape leads out to the whole house.",
    house: "The house. Arrow keys move from section to section, Enter goes in.",
    block: (/** @type {string[]} */ lines) => `${lines.slice(0, 2).join(", ")}. Enter goes in.`,
    kinds: { wheelchair: "wheelchair", companion: "companion", restricted: "restricted view" },
    row: (/** @type {string} */ row, /** @type {number} */ free, /** @type {number} */ of) =>
      `Row ${row}: ${numberFormat.format(free)} of ${numberFormat.format(of)} free.`,
    suggested: (/** @type {string} */ section, /** @type {string[]} */ names) =>
      `${section}: ${listFormat.format(names)}. Hold ${names.length > 1 ? "them" : "it"}, or look at others.`,
    together: (/** @type {string[]} */ names) => `Chosen: ${listFormat.format(names)}.`,
    notTogether: (/** @type {number} */ n) =>
      `There are not ${numberFormat.format(n)} free seats side by side here.`,
    stage: "Stage",
    seat: (/** @type {string} */ row, /** @type {number} */ number, /** @type {string} */ state) =>
      `Row ${row}, seat ${number}, ${state}`,
    states: {
      free: "free",
      held: "held by somebody else",
      sold: "sold",
      closed: "not for sale",
      unknown: "not known yet",
      chosen: "chosen",
      mine: "yours",
      lost: "just taken by somebody else",
      apart: "free, but with too few beside it",
    },
    legend: "What the signs mean",
    signs: {
      free: "free",
      chosen: "chosen",
      mine: "yours",
      held: "held by others",
      sold: "sold",
      closed: "not for sale",
      lost: "just taken",
      apart: "too few side by side",
    },
    zoomIn: "Look closer",
    zoomOut: "Look from farther away",
    zoomToFit: "Show the whole house",
    hint: "Choose a seat to read its row and number.",
    houseHint: "Choose a section to see its seats.",
    bandsHint: "Choose a place in the section to see its seats.",
  },

  view: {
    open: "View from here",
    label: (/** @type {string} */ section) => `View from here: ${section}`,
    title: (/** @type {string} */ section) => `View from ${section}`,
    alt: (/** @type {string} */ section) => `Picture of what is seen from ${section}`,
    loading: "The picture is on its way.",
    broken: "There is no picture of this view.",
    close: "Close",
  },

  list: {
    title: "Choose from a list",
    section: "Section",
    rows: "Row",
    sort: "Order",
    sorts: { house: "as in the house", cheapest: "cheapest first", dearest: "dearest first" },
    row: (/** @type {string} */ name, /** @type {number} */ n) =>
      `${name} · ${numberFormat.format(n)} free`,
    seats: "Free seats of this row",
    none: "Nothing is free here just now.",
    seat: (/** @type {number} */ number) => `Seat ${number}`,
  },

  filters: {
    label: "Price",
    any: "any price",
    together: (/** @type {number} */ n) => `Only where ${numberFormat.format(n)} are free side by side`,
    upTo: (/** @type {string} */ price) => `up to ${price}`,
  },

  quantity: {
    seated: "How many side by side?",
    standing: "How many places?",
    less: "One fewer",
    more: "One more",
    best: (/** @type {number} */ n, /** @type {string} */ section) =>
      n === 1 ? `Hold the best seat of ${section}` : `Hold the best ${n} of ${section}`,
    suggest: (/** @type {number} */ n) =>
      n === 1 ? "Show the best seat of the house" : `Show the best ${n} of the house`,
    others: "Show others",
    notTogether: (/** @type {number} */ n) =>
      n === 1
        ? "No such seat is free just now."
        : `No ${numberFormat.format(n)} such seats are free side by side just now.`,
    places: (/** @type {number} */ n, /** @type {string} */ sum) =>
      `Hold ${placeCount(n)} · ${sum}`,
    add: (/** @type {number} */ n) => `Add ${placeCount(n)} to my choice`,
    addMore: (/** @type {number} */ n) => `Add ${placeCount(n)} more`,
    instead: (/** @type {number} */ n) => `Choose ${placeCount(n)} here instead`,
    added: (/** @type {number} */ n, /** @type {string} */ section) =>
      `${section}: ${placeCount(n)} in your choice. You can choose seats, too.`,
    none: {
      held: "All places here are held or being paid just now. Some of them may come back.",
      gone: "This section is sold out.",
      unknown: "Nothing is free here just now. Places may come back.",
    },
  },

  selection: {
    title: "Your choice",
    none: "Tap free seats to choose them.",
    sum: (/** @type {number} */ seats, /** @type {number} */ places, /** @type {string} */ total) =>
      `${countOfBoth(seats, places)} · ${total}`,
    hold: (/** @type {number} */ seats, /** @type {number} */ places) => {
      if (places) return seats || places > 1 ? "Hold these places" : "Hold this place";
      return seats === 1 ? "Hold this seat" : "Hold these seats";
    },
    holding: "Holding them for you…",
    drop: "choose no more",
    dates: (/** @type {number} */ n) => `Your choice is for ${countOf(n, "date", "dates")}.`,
    single: (/** @type {string[]} */ names) =>
      `${listFormat.format(names)} would be left alone. Take a seat further along, if you like.`,
    limitReached: (/** @type {number} */ most) =>
      `You can book ${countOf(most, "ticket", "tickets")} at most.`,
    lost: (/** @type {string[]} */ lost, /** @type {number} */ left) =>
      `Somebody else was faster: ${listFormat.format(lost)} ${lost.length === 1 ? "is" : "are"} taken. ` +
      (left ? "Your other seats are still chosen." : "Choose others."),
  },

  refused: {
    sold_out: "There are not so many free places together here any more. Try fewer, or elsewhere.",
    cooling_down: "Several of your holds ended unpaid. You can hold seats again in some minutes.",
    limit_exceeded: "That is more than one person may book.",
    hold_exists: "You are already holding these seats. Pay for them or release them first.",
    pass_required: "Seats can be held when it is your turn.",
    pass_expired: "Your turn is over. Join the line again to hold seats.",
    sale_stopped: "The sale is stopped for the moment. Your seats and your time are kept.",
    wrong_state: "No seats can be held at the moment.",
    extensions_used_up: "This hold cannot be extended any more.",
    payment_in_progress: "The bank is just being asked; that has to be waited for.",
    temporary: "That takes a little longer than usual. We keep trying for you…",
  },

  hold: {
    title: (/** @type {number} */ seats) =>
      seats === 1 ? "This seat is yours for" : "These seats are yours for",
    titlePlaces: "These places are yours for",
    over: "The time is over…",
    apart: "There was no block like that left: these seats are not all side by side.",
    total: "Total",
    includes: (/** @type {string[]} */ parts) => `includes ${parts.join(", ")}`,
    soon: (/** @type {string} */ left) =>
      `Only ${left} left. Pay, or extend the hold, or the seats go back on sale.`,
    soonLast: (/** @type {string} */ left) =>
      `Only ${left} left, and no extension. Pay, or the seats go back on sale.`,
    ending: { title: "Your time is nearly over", goOn: "Go on" },
    announce: (/** @type {string} */ what, /** @type {string} */ left) =>
      `You hold ${what} for ${left}.`,
    minutes: (/** @type {number} */ n) => countOf(n, "minute", "minutes"),
    extend: "Extend the time",
    extending: "Extending…",
    left: (/** @type {number} */ n) =>
      n === 0 ? "no extension left" : `${numberFormat.format(n)} more possible`,
    extended: (/** @type {string} */ left) => `You have ${left} again.`,
    release: "Give them back",
    releasing: "Giving them back…",
    ask: {
      question: "Give these seats back?",
      lead: "Somebody else can take them at once.",
      yes: "Give them back",
      no: "Keep them",
    },
  },

  ended: {
    expired: "Your time ran out, and the seats went back on sale. Nothing was charged.",
    removed: "The organisers have taken the seats back. Nothing was charged.",
    recovery:
      "We had a failure and could not keep your seats for you. We are sorry. Nothing was charged: " +
      "please choose again.",
    seats_taken: "The seats were lost before the payment began. Nothing was charged.",
    away: "Your hold ended while you were away. Nothing was charged for it.",
  },

  pay: {
    title: "Pay",
    bank: "Practice bank",
    lead: "No real money moves here. Choose what the bank shall do:",
    methods: {
      ok: ["Card that works", "The bank says yes at once."],
      declined: [
        "Card that is declined",
        "The bank says no; you keep the seats and may try again.",
      ],
      slow: ["Slow bank", "The bank says yes, but takes three seconds."],
      late: [
        "Bank that is too late",
        "It answers only after the time for paying is over, and takes the money all the same. We then " +
          "try to get the same seats again, or you get your money back.",
      ],
      lost: [
        "Answer that gets lost",
        "The bank takes the money, but its message never arrives. We find out by asking.",
      ],
    },
    button: (/** @type {string} */ total) => `Pay ${total}`,
    again: (/** @type {string} */ total) => `Try again: pay ${total}`,
    free: "Book now, free of charge",
    asking: "Asking the bank…",
    declined:
      "The bank declined this payment. Nothing was charged, and the seats are still yours until " +
      "the time above runs out. Try again, perhaps with another card.",
  },

  mail: {
    label: "E-mail for your tickets (optional)",
    sent: (/** @type {string} */ email) => `Your tickets are sent to ${email}.`,
  },

  names: { label: "Name on your tickets", name: "Name" },

  terms: {
    paying: "By paying you accept:",
    booking: "By booking you accept:",
    name: (/** @type {string} */ event) => `terms of ${event}`,
    newTab: " (opens in a new tab)",
  },

  booking: {
    titles: {
      paying: "Waiting for the bank",
      retaking: "The bank was late",
      confirmed: "Booked. Have a wonderful time!",
      expired: "The time for paying ran out",
      "released.declined": "The bank said no",
      "released.seats_lost": "The seats were lost",
      released: "The seats went back on sale",
      refunding: "Your money is on its way back",
      refunded: "Refunded",
    },
    leads: {
      paying: "Your seats stay yours while the bank decides. There is nothing you need to do.",
      retaking:
        "The bank took the money after we had called the payment off. We are trying to get you " +
        "the same seats again; if they are gone, you get all of your money back.",
      confirmed:
        "One ticket for each of you. Show the code at the door, on paper or on your phone.",
      expired:
        "The bank did not say yes in time, and the seats are on sale again. Should it take the money " +
        "all the same, we notice: then you get the same seats again, or all of your money back.",
      "released.declined":
        "It declined the last try that is allowed. Nothing was charged, and the seats are on sale again.",
      "released.seats_lost": "They were gone before the payment could begin. Nothing was charged.",
      "released.removed": "The organisers have taken the seats back. Nothing was charged.",
      released: "Nothing was charged.",
      "refunding.cancelled":
        "This booking is cancelled and its tickets are void. The bank is giving the money back.",
      "refunding.seats_lost":
        "Your payment came after the seats had gone to somebody else. The bank is giving all of it back.",
      refunding: "The bank is giving the money back. The tickets are void.",
      "refunded.cancelled": "This booking was cancelled, and all of the money is back.",
      "refunded.seats_lost":
        "The seats had gone to somebody else when your payment came. All of the money is back.",
      refunded: "All of the money is back. The tickets are void.",
    },
    patience: {
      later: "Some banks are slow. You may close this page: it finds the booking again.",
      long:
        "Still no answer. We ask the bank ourselves; if it does not say yes in time, the payment " +
        "is called off. Money is never taken for seats that you do not get.",
    },
    states: {
      held: "Held",
      paying: "Being paid",
      retaking: "Getting the seats back",
      confirmed: "Booked",
      expired: "Lapsed",
      released: "Released",
      refunding: "Being refunded",
      refunded: "Refunded",
    },
    reference: "Reference",
    ticket: (/** @type {string} */ what) => `Ticket: ${what}`,
    stand: (/** @type {number} */ n, /** @type {number} */ of) => `Standing, ${n} of ${of}`,
    qr: (/** @type {string} */ what) => `QR code of the ticket: ${what}`,
    print: "Print the tickets",
    calendar: "Add to the calendar",
    link: "Link to keep",
    cancel: "Cancel this booking",
    cancelling: "Cancelling…",
    cancelled: "The booking is cancelled.",
    ask: {
      question: "Cancel this booking?",
      lead: "All of its tickets become void, the money is given back, and the seats go on sale again.",
      yes: "Cancel it",
      no: "Keep it",
    },
    notRefundable: "This booking cannot be cancelled any more.",
    close: "Close",
    other: "Choose other seats",
  },

  bookings: {
    title: "Your bookings",
    show: "Show",
    shown: "Shown above",
  },
};
