// Texts of the operators' page in English; `en.js` has them as `en.admin`.

import { countOf, numberFormat } from "./numbers.js";

/** @typedef {{free: number, held: number, sold: number}} Fill */

const n = (/** @type {number} */ count) => numberFormat.format(count);

export const admin = {
  title: "Operators",
  operator: (/** @type {string} */ name, /** @type {string} */ role) => `${name} · ${role}`,
  mistakes: "This cannot be saved as it is:",

  login: { title: "Log in", username: "Name", password: "Password", button: "Log in" },

  events: {
    title: "Events",
    create: "New event",
    none: "Choose an event, or create one.",
  },

  event: { page: "The visitors' page" },

  create: {
    title: "New event",
    name: "Name",
    id: "Id, part of the address",
    currency: "Currency",
    show: "First show",
    opens: "Sale opens (may stay empty)",
    zone: (/** @type {string} */ zone) => `Times are those of this device (${zone}).`,
    sections: "Sections",
    stalls: "Stalls",
    floor: "Floor",
    sectionName: "Section",
    kind: "Kind",
    kinds: { seated: "Seats in rows", standing: "Standing" },
    rows: "Rows",
    seats: "Seats a row",
    capacity: "Places",
    price: "Price",
    add: "Add a section",
    remove: "Remove this section",
    save: "Create the event",
    done: "The event is created. It is not open yet.",
  },

  actions: {
    reason: "Reason, shown to visitors (may stay empty)",
    shownReason: (/** @type {string} */ reason) => `Visitors are told: “${reason}”`,
    opens: (/** @type {string} */ when) => `sale opens ${when}`,
    open: "Open",
    pause: "Pause",
    resume: "Resume",
    drain: "Drain",
    close: "Close",
    done: (/** @type {string} */ event, /** @type {string} */ action) => `${action}: ${event}`,
    askDrain: {
      question: (/** @type {string} */ event) => `Let nobody new into the line of “${event}”?`,
      lead: "Who is in line is still let in. The line cannot be opened to newcomers again.",
    },
    askClose: {
      question: (/** @type {string} */ event) => `Close “${event}” for good?`,
      lead: "Every place and every pass ends at once. A closed event cannot be opened again.",
    },
  },

  stats: {
    title: "Figures",
    perSecond: (/** @type {string} */ n) => `${n}/s`,
    seconds: (/** @type {string} */ n) => `${n} s`,
    limit: (/** @type {string} */ most) => `of ${most}`,
    stocks: { plenty: "plenty", few: "few left", held: "all held", gone: "sold out" },
    names: {
      waiting: "Waiting",
      active: "Let in",
      rate: "Admissions",
      joined: "Joined so far",
      admitted: "Admitted so far",
      late: "Missed their turn",
      sockets: "Open pages",
      free: "Places free",
      held: "Held",
      paying: "Being paid",
      sold: "Sold",
      stock: "On sale",
      taken: "Taken",
      wait_p50: "Wait, half",
      wait_p90: "Wait, 90 %",
      wait_p99: "Wait, 99 %",
      outbox_age_seconds: "Recording behind",
    },
  },

  sections: {
    title: "The house",
    loading: "Looking…",
    away: "The house cannot be shown just now.",
    seated: (/** @type {Fill} */ { free, held, sold }) =>
      `${n(free)} free · ${n(held)} held · ${n(sold)} sold`,
    standing: (/** @type {Fill} */ { free, sold }) => `${n(free)} free · ${n(sold)} held or sold`,
    parts: { sold: "sold", held: "held", free: "free" },
  },

  bookings: {
    title: "Bookings",
    state: "State",
    all: "All states",
    again: "Refresh",
    more: "Show more",
    csv: "Save as CSV",
    none: "There are no such bookings.",
    columns: {
      reference: "Reference",
      state: "State",
      what: "What",
      total: "Total",
      visitor: "Visitor",
      act: "Refund",
    },
    refund: "Refund",
    refunding: (/** @type {string} */ reference) => `${reference} is being refunded.`,
    ask: {
      question: (/** @type {string} */ reference) => `Refund ${reference}?`,
      lead: (/** @type {string} */ total) =>
        `${total} are given back, the tickets become void, and the seats go on sale again.`,
      yes: "Refund",
    },
  },

  reconcile: {
    title: "Compare the books",
    lead: "Compares what the fast store says of every seat with what is recorded.",
    button: "Compare now",
    asking: "Comparing…",
    found: (/** @type {number} */ count) =>
      count ? countOf(count, "difference", "differences") : "Both say the same.",
  },

  rules: {
    title: "Rules",
    save: "Save the changes",
    done: "The rules are saved.",
    fields: {
      rate_per_second: ["Admissions a second", "0 lets nobody in"],
      active_max: ["Let in at a time", "visitors"],
      waiting_max: ["Waiting at most", "visitors"],
      claim_seconds: ["Time to show up", "seconds"],
      late_seconds: ["Kept for latecomers", "seconds"],
      pass_seconds: ["A turn lasts", "seconds"],
      hold_seconds: ["A hold lasts", "seconds"],
      payment_seconds: ["Time for the bank", "seconds"],
      payment_attempts_max: ["Tries to pay", "for each hold"],
      tickets_per_visitor_max: ["Tickets a visitor", "at most"],
      extensions_max: ["Extensions of a hold", "at most"],
    },
  },

  broadcast: {
    title: "Say something",
    text: "Message",
    level: "Level",
    levels: { info: "Information", warning: "Warning", urgent: "Urgent" },
    audience: "To",
    audiences: { all: "Everybody", waiting: "Who waits", admitted: "Who is let in" },
    send: "Send",
    done: "The message is sent.",
  },

  visitor: {
    title: "One visitor",
    id: "Visitor",
    reason: "Reason, to let in out of turn",
    admit: "Let in now",
    remove: "Remove",
    admitted: (/** @type {string} */ visitor) => `${visitor} is let in.`,
    removed: (/** @type {string} */ visitor) => `${visitor} is removed.`,
    ask: "Remove this visitor?",
    askLead: (/** @type {string} */ visitor) => `${visitor} loses place and turn.`,
  },

  audit: {
    title: "What was done",
    again: "Refresh",
    older: "Show older entries",
    entry: (/** @type {string} */ who, /** @type {string} */ what, /** @type {string} */ event) =>
      [who, what, event].filter(Boolean).join(" · "),
  },
};
