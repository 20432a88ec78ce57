// Texts of the operators' page in English; `en.js` has them as `en.admin`.

import { countOf, numberFormat } from "./numbers.js";

/** @typedef {{free: number, held: number, sold: number}} Fill */

const n = (/** @type {number} */ count) => numberFormat.format(count);

export const admin = {
  title: "Operators",
  operator: (/** @type {string} */ name, /** @type {string} */ role) => `${name} · ${role}`,
  mistakes: "This cannot be saved as it is:",

  login: {
    title: "Log in",
    username: "Name",
    password: "Password",
    button: "Log in",
    out: "Log out",
  },

  head: {
    event: "Event",
    rate: (/** @type {number} */ rate) => `${rate.toFixed(rate < 10 ? 1 : 0)}/s let in`,
    connection: {
      connecting: "Connecting…",
      open: "Live",
      away: "Reconnecting…",
      offline: "You are offline",
      stopped: "Not connected",
    },
  },

  pages: {
    title: "Pages of the console",
    names: {
      night: "Night",
      bookings: "Bookings",
      visitors: "Visitors",
      house: "House",
      rules: "Rules",
      messages: "Messages",
      journal: "Journal",
      events: "Events",
      people: "People",
    },
  },

  people: {
    title: "You",
    roles: "A viewer reads, an operator acts, and an admin lets others in.",
    more: "Operators and their keys are made on the server:",
    names: { username: "Name", role: "Role", may: "May" },
    may: {
      viewer: "read everything, change nothing",
      operator: "read and act on every event",
      admin: "all of it, and let other operators in",
    },
  },

  events: {
    title: "Events",
    create: "New event",
    none: "No event is chosen. Choose one on the page Events, or create one.",
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
    reason: "Reason, shown to visitors with the next act (may stay empty)",
    shownReason: (/** @type {string} */ reason) => `Visitors are told: “${reason}”`,
    opens: (/** @type {string} */ when) => `sale opens ${when}`,
    open: "Open",
    pause: "Pause",
    resume: "Continue",
    drain: "Drain",
    close: "Close",
    done: {
      open: (/** @type {string} */ event) => `“${event}” is open: visitors can join.`,
      pause: (/** @type {string} */ event) => `“${event}” is paused: nobody new is let in.`,
      resume: (/** @type {string} */ event) => `“${event}” goes on.`,
      drain: (/** @type {string} */ event) => `“${event}” takes nobody new into the line.`,
      close: (/** @type {string} */ event) => `“${event}” is closed.`,
    },
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
    minutes: (/** @type {number} */ count) => `${n(count)} min`,
    levels: { ok: "", warn: "watch", bad: "act" },
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
      wait_p50: "Half waited less than",
      wait_p90: "9 in 10 waited less than",
      wait_p99: "99 in 100 waited less than",
      outbox_age_seconds: "Recording behind",
    },
  },

  charts: {
    title: "Course of the night",
    spanLabel: "Span of the charts",
    span: (/** @type {number} */ minutes) =>
      minutes < 60 ? `Last ${minutes} minutes` : `Last ${countOf(minutes / 60, "hour", "hours")}`,
    none: "There are no points yet: one is recorded every 10 seconds.",
    away: "The course cannot be read just now.",
    unbundled: "Charts come with the bundled pages: RUSH_STATIC is “source” here.",
    time: "Time",
    titles: { line: "Line", flow: "Flow a minute", places: "Places" },
    lines: {
      waiting: "Waiting",
      active: "Let in",
      late: "Missed their turn",
      joined: "Joined",
      admitted: "Admitted",
      sold: "Sold",
      free: "Free",
      held: "Held",
    },
    funnel: "From joining to paying",
    steps: {
      joined: "Joined",
      admitted: "Let in",
      held: "Holds",
      paid: "Paid",
      refunded: "Given back",
    },
    share: (/** @type {number} */ share) => `${Math.round(100 * share)} %`,
    acts: "Acts in this span",
    noActs: "No operator did anything.",
  },

  alerts: {
    title: "Alerts",
    levels: { warn: "Watch:", bad: "Act:" },
    says: {
      unknown: () => "the fast store does not answer for this event.",
      recording: () => "recording is more than 10 s behind: is a record duty running?",
      stalled: () => "people wait, there is room, and nobody is let in: is a tend duty running?",
      shut: () => "people wait, and the rate is 0: nobody is let in.",
      full: () => "as many are inside as the rules allow: who waits waits for them.",
      held: () => "every place is held or sold: who is let in now finds nothing free.",
      late: () => "more than one in five missed their turn.",
      away: () => "the server does not answer.",
      dead_letters: (/** @type {number} */ count) =>
        `${countOf(count, "message is", "messages are")} put aside: see “booking-rush dead”.`,
      redis_memory: (/** @type {number} */ share) =>
        `Redis uses ${Math.round(100 * share)} % of its memory.`,
      breaker: (/** @type {number} */ count) =>
        `${countOf(count, "payment provider is", "payment providers are")} cut off after failures.`,
      clock: (/** @type {number} */ seconds) => `clocks of the stores differ by ${seconds} s.`,
      reconcile_down: (/** @type {number} */ seconds) =>
        `nothing was charted for ${n(seconds)} s: is a reconcile duty running?`,
      record_down: (/** @type {number} */ seconds) =>
        `nothing was recorded for ${n(seconds)} s: is a record duty running?`,
      unmeasured: (/** @type {string} */ name) => `“${name}” cannot be measured just now.`,
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
    query: "Reference, visitor, seat (“Row B, seat 16”) or mail address",
    find: "Find",
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
      why: "Why, for the journal (may stay empty)",
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

  visitors: {
    title: "Who is there",
    state: "Whom to list",
    none: "Nobody.",
    states: {
      waiting: "Who waits",
      inside: "Who is let in",
      late: "Who missed their turn",
      holding: "Who holds or pays",
    },
    number: (/** @type {number} */ number) => `Number ${n(number)}`,
    places: (/** @type {number} */ count) => countOf(count, "place", "places"),
    since: (/** @type {string} */ when) => `since ${when}`,
    until: (/** @type {string} */ when) => `until ${when}`,
  },

  visitor: {
    title: "One visitor",
    bookings: "Show bookings",
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
