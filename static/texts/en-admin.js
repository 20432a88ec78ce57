// Texts of the operators' page in English; `texts.js` has them as `texts.admin`.

import { operations } from "./en-operations.js";
import { people } from "./en-people.js";
import { countOf, numberFormat } from "./languages/numbers.js";

const n = (/** @type {number} */ count) => numberFormat.format(count);

export const admin = {
  title: "Operators",
  operator: (/** @type {string} */ name, /** @type {string} */ role) => `${name} · ${role}`,
  mistakes: "This cannot be saved as it is:",

  login: {
    title: "Log in",
    username: "Name",
    password: "Password",
    code: "Code of your second factor",
    codeHint: "Six digits from your phone's app, or one of your recovery codes.",
    button: "Log in",
    out: "Log out",
  },

  head: {
    event: "Event",
    since: (/** @type {string} */ when) => `since ${when}`,
    rate: (/** @type {number} */ rate, /** @type {number} */ ruled) =>
      `${rate.toFixed(rate < 10 ? 1 : 0)} of ${n(ruled)}/s`,
    rateOf: (/** @type {number} */ ruled) => `${n(ruled)}/s`,
    rateLabel: (/** @type {string} */ rate) => `${rate} let in: change the rate`,
    rateTitle: "How many are let in",
    rateNew: "Admissions a second; 0 lets nobody in",
    rateButton: "Set the rate",
    rateNow: (/** @type {number} */ rate, /** @type {string} */ means) => `Now ${n(rate)}/s: ${means}`,
    rateThen: (/** @type {number} */ rate, /** @type {string} */ means) => `With ${n(rate)}/s: ${means}`,
    rateSet: (/** @type {number} */ rate) => `The rate is ${n(rate)} a second.`,
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

  shortcuts: {
    title: "Keyboard shortcuts",
    show: "Keyboard shortcuts",
    lead: "They wait while you type in a field.",
    on: "Use these keys",
    close: "Close",
    keys: { "/": "Search", p: "Pause, after a question", "?": "This list" },
    pause: { question: "Pause the event?", lead: "Nobody is let in until it is resumed.", yes: "Pause" },
  },

  people,

  events: {
    title: "Events",
    create: "New event",
    closed: "Show closed events, too",
    archived: "Archived",
    edit: "Change the chosen event",
    clone: "Clone it",
    import: "Create from a file",
    export: "Export as JSON",
    copyOf: (/** @type {string} */ name) => `${name} (copy)`,
    cloned: "The event is cloned, without the times at which its sale opens and closes.",
    imported: "The event is created from the file. It is not open yet.",
    notJson: "This file holds no event: it is no JSON object.",
    none: "No event is chosen. Choose one on the page Events, or create one.",
  },

  event: { page: "The visitors' page" },

  create: {
    title: "New event",
    name: "Name",
    id: "Id, part of the address",
    currency: "Currency",
    editTitle: (/** @type {string} */ name) => `Change “${name}”`,
    shows: "Shows",
    starts: "Begins",
    addShow: "Add a show",
    removeShow: "Remove this show",
    ofShow: "In which show",
    everyShow: "Every show",
    venue: "Venue (may stay empty)",
    address: "Its address (may stay empty)",
    terms: "Address of the terms (may stay empty)",
    termsName: "Name of the terms (may stay empty)",
    names: "Names on the tickets",
    namesAsked: { none: "None", buyer: "The buyer's" },
    zone: "Time zone of the venue and of all times here",
    byClock: (/** @type {string} */ zone) => `by the clock of ${zone}`,
    noZone: "A time zone is named as Europe/Berlin or Asia/Bangkok.",
    opens: "Sale opens (may stay empty)",
    closes: "Sale closes (may stay empty)",
    order: "Order of the line (can be changed until it opens)",
    sectionsThere: (/** @type {number} */ count) =>
      `${countOf(count, "section is", "sections are")} there and stay; others can be added.`,
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
    view: "Picture of the view from there, a path on this site (may stay empty)",
    views: "Pictures of the views from sections that are there, as paths on this site",
    addIncluded: "Tell a fee or tax in the price",
    included: "The price includes",
    includedAmount: "Of the price",
    removeIncluded: "Remove this line",
    add: "Add a section",
    remove: "Remove this section",
    save: "Create the event",
    saveChange: "Save the changes",
    done: "The event is created. It is not open yet.",
    changed: "The event is changed.",
    ask: {
      question: "Is it meant so?",
      empty: "The event has no sections: who is let in finds nothing to buy.",
      past: "A show begins in the past.",
    },
  },

  actions: {
    reason: "Reason, shown to visitors with the next act (may stay empty)",
    shownReason: (/** @type {string} */ reason) => `Visitors are told: “${reason}”`,
    opens: (/** @type {string} */ when) => `sale opens ${when}`,
    open: "Open",
    pause: "Pause",
    resume: "Continue",
    stop: "Stop the sale",
    continue: "Continue the sale",
    drain: "Drain",
    close: "Close",
    archive: "Archive",
    done: {
      open: (/** @type {string} */ event) => `“${event}” is open: visitors can join.`,
      pause: (/** @type {string} */ event) => `“${event}” is paused: nobody new is let in.`,
      resume: (/** @type {string} */ event) => `“${event}” goes on.`,
      stop: (/** @type {string} */ event) => `“${event}” is stopped: nobody holds, pays or runs out of time.`,
      continue: (/** @type {string} */ event) => `“${event}” goes on, and everybody has the time they had.`,
      drain: (/** @type {string} */ event) => `“${event}” takes nobody new into the line.`,
      close: (/** @type {string} */ event) => `“${event}” is closed.`,
      archive: (/** @type {string} */ event) => `“${event}” is archived.`,
    },
    askArchive: {
      question: (/** @type {string} */ event) => `Archive “${event}”?`,
      lead: () =>
        "It leaves the fast store: figures and map stand still, and the list of events shows it no more. Bookings and tickets stay, a refund brings it back by itself. What goes later is RUSH_RETENTION_DAYS.",
    },
    askDrain: {
      question: (/** @type {string} */ event) => `Let nobody new into the line of “${event}”?`,
      lead: (/** @type {number} */ waiting, /** @type {number} */ _active) =>
        `The ${n(waiting)} in line are still let in. The line cannot be opened to newcomers again.`,
    },
    askClose: {
      question: (/** @type {string} */ event) => `Close “${event}” for good?`,
      lead: (/** @type {number} */ waiting, /** @type {number} */ active) =>
        `The places of ${n(waiting)} who wait and the turns of ${n(active)} who are let in end at once. A closed event cannot be opened again.`,
    },
  },

  rules: {
    title: "Rules",
    save: "Save the changes",
    undo: "Undo what is not saved",
    forMinutes: "For so many minutes (empty: for good)",
    keep: "Keep these rules",
    timed: (/** @type {string} */ when, /** @type {string} */ rules) => `Goes back ${when}: ${rules}`,
    kept: "The rules stay as they are.",
    unsaved: (/** @type {number} */ count) =>
      `${countOf(count, "change is", "changes are")} not saved.`,
    change: (/** @type {string} */ from, /** @type {string} */ to) =>
      `${from} → ${to || "–"}, not saved`,
    nobodyWaits: "Nobody waits just now: a rate changes no wait.",
    nobodyMoves: (/** @type {number} */ waiting) => `${n(waiting)} waiting, and nobody is let in.`,
    preview: (/** @type {number} */ waiting, /** @type {number} */ seconds) =>
      `${n(waiting)} waiting → ${seconds < 90 ? `${Math.ceil(seconds)} s` : `${n(Math.ceil(seconds / 60))} min`} at this rate, while there is room inside.`,
    warnings: {
      total: (/** @type {number} */ total, /** @type {number} */ hold) =>
        `No hold lives longer than ${n(total)} s in all: the ${n(hold)} s of a hold are not reached.`,
      identity: (/** @type {string} */ setting) => `Nobody can join by this identity here: ${setting} is not set.`,
      nobodyJoins: "Nobody can join: the line has room for no one.",
    },
    done: "The rules are saved.",
    groups: { line: "Line and turns", fairness: "Fairness", holds: "Holds and payments" },
    choices: {
      fairness: {
        arrival: "By arrival",
        lottery: "Lottery at the opening",
        windows: "Windows, each drawn",
      },
      identity: {
        none: "Nobody is checked",
        token: "Token of a checking service",
        subject: "Signed statement: one person, one place",
      },
    },
    fields: {
      rate_per_second: ["Admissions a second", "0 lets nobody in"],
      active_max: ["Let in at a time", "visitors"],
      waiting_max: ["Waiting at most", "visitors"],
      queue_from: ["A line from", "so many let in; 0: always"],
      claim_seconds: ["Time to show up", "seconds"],
      late_seconds: ["Kept for latecomers", "seconds"],
      late_max: ["Latecomers kept", "at most"],
      pass_seconds: ["A turn lasts", "seconds"],
      fairness: ["Order of the line", "fixed once the event is open"],
      window_seconds: ["A window lasts", "seconds; fixed once the event is open"],
      identity: ["Who may join", "what joins must show"],
      join_share_max: ["An address block's share", "of 1,000 numbers while others wait; 1: all"],
      proof_bits_max: ["Proof of work", "bits at most; 0: never asked"],
      again_from: ["Receipts of event", "that open the lane “again”; empty: none"],
      tickets_per_visitor_max: ["Tickets a visitor", "at most"],
      hold_seconds: ["A hold lasts", "seconds"],
      hold_total_seconds: ["A hold in all", "seconds, extensions included"],
      extensions_max: ["Extensions of a hold", "at most"],
      churn_max: ["Unpaid holds in ten minutes", "then a pause; 0: any number"],
      payment_seconds: ["Time for the bank", "seconds"],
      payment_attempts_max: ["Tries to pay", "for each hold"],
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
    reach: (/** @type {number} */ count) =>
      `About ${countOf(count, "visitor", "visitors")} just now.`,
    preview: "So it will look, above everything else on their pages:",
    done: "The message is sent.",
    sent: "What was said",
    sentLead: "Counted are pages that were open; who comes within the next hour is shown it, too.",
    none: "Nothing was said yet.",
    to: (/** @type {string} */ audience) => `To: ${audience}`,
    heard: (/** @type {number} */ pages, /** @type {number | null} */ reach) =>
      `heard on ${countOf(pages, "open page", "open pages")}` +
      (reach === null ? "" : `, meant for ${countOf(reach, "visitor", "visitors")}`),
  },

  audit: {
    title: "What was done",
    again: "Refresh",
    older: "Show older entries",
    undo: "Undo",
    undone: "It is undone.",
    acts: {
      create: "created the event", change: "changed the event", rules: "set rules", keep: "kept rules",
      open: "opened", draw: "drew the order", pause: "paused", resume: "let it go on", drain: "drained",
      close: "closed", stop: "stopped the sale", continue: "let the sale go on", archive: "archived",
      undo: "undid an act", admit: "let in out of turn", remove: "removed a visitor", ban: "banned",
      unban: "lifted a ban", broadcast: "sent a message", codes: "made codes", refund: "refunded",
      mail: "sent a mail again", tickets: "read tickets", reconcile: "compared the books",
      close_seats: "took seats off sale", open_seats: "put seats back on sale", login: "logged in",
      login_failed: "failed to log in", login_locked: "is locked out for a while",
      end_session: "ended a session", operator_added: "added an operator",
      operator_removed: "removed an operator", operator_role: "changed a role",
      operator_password: "changed a password", key_given: "gave an API key",
      second_factor_on: "turned a second factor on", second_factor_off: "turned a second factor off",
      recovery_code_used: "logged in with a recovery code",
      key_revoked: "ended an API key", person_exported: "exported a person",
      person_erased: "erased a person", rebuild: "loaded it again", mend: "mended differences",
    },
    details: {
      reason: "Reason", name: "Name", visitor: "Visitor", booking: "Booking", seats: "Seats",
      count: "How many", text: "Text", level: "Level", audience: "To", lane: "Lane", uses: "Uses",
      whom: "Whom", seconds: "For", differences: "Differences", operator: "Operator", role: "Role",
      address: "Address", act: "Act", opens_at: "Sale opens", closes_at: "Sale closes",
      sections: "Sections", venue: "Venue", lanes: "Lanes", views: "Views", left: "Left",
    },
    nothing: "–",
    visitor: (/** @type {string} */ id) => `visitor ${id}…`,
    gaveBack: "gave the booking back",
    seats: (/** @type {string} */ section, /** @type {string} */ row, /** @type {string} */ numbers) =>
      `${section} row ${row} ${numbers}`,
    more: (/** @type {number} */ count) => `and ${n(count)} more`,
    entry: (/** @type {string} */ who, /** @type {string} */ what, /** @type {string} */ event) =>
      [who, what, event].filter(Boolean).join(" · "),
  },

  ...operations,
};
