// Texts of the pages of a running sale in the console in English; `texts.js` has them in `texts.admin`.

import { countOf, numberFormat } from "./languages/numbers.js";

/** @typedef {{free: number, held: number, sold: number, closed: number}} Fill */
/** @typedef {{minutes: number, waiting: number, active: number}} Standing minutes in a state, and who waits and is inside */

const n = (/** @type {number} */ count) => numberFormat.format(count);

export const operations = {
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

  lanes: {
    title: "Lanes and codes",
    columns: { lane: "Lane", weight: "Weight", waiting: "Waiting", share: "Share of the last 1,000" },
    share: (/** @type {number} */ share) => `${Math.round(1000 * share) / 10} %`,
    name: "Lane",
    weight: "Weight (0 removes it)",
    save: "Save the lane",
    saved: "The lanes are saved.",
    codes: "Codes for a lane",
    count: "How many",
    uses: "Uses of each",
    make: "Make codes",
    made: "The codes are made.",
    list: "New codes",
    csv: "Save all codes as CSV",
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

  forecast: {
    title: "Forecast",
    lead: "As the last five minutes went.",
    names: {
      sold: "Sold out",
      admitted: "Last of the line in",
      because: "Admission now",
      calibration: "Calibration",
    },
    calibrated: (/** @type {number} */ p50, /** @type {number} */ p90, /** @type {number} */ count) =>
      `${Math.round(100 * p50)} % by the earlier time told (50 meant), ${Math.round(100 * p90)} % by the later (90 meant), of ${n(count)}`,
    unknown: "not known yet",
    allSold: "everything is sold",
    allHeld: "nothing is free; what is held may come back",
    noSales: "nothing was sold lately",
    nobodyWaits: "nobody waits",
    nobodyAdmitted: "nobody is let in",
    later: "in more than a day",
    still: {
      scheduled: "the sale is not open yet",
      drawing: "the order is being drawn",
      paused: "paused: nobody new is let in",
      stopped: "stopped: the sale stands still",
      closed: "the sale is over",
    },
    at: (/** @type {string} */ when, /** @type {number} */ minutes) =>
      minutes < 90
        ? `about ${when}, in ${countOf(minutes, "minute", "minutes")}`
        : `about ${when}, in ${countOf(Math.floor(minutes / 60), "hour", "hours")} ${minutes % 60} min`,
  },

  alerts: {
    title: "Alerts",
    levels: { warn: "Watch:", bad: "Act:" },
    says: {
      unknown: () => "the fast store does not answer for this event.",
      recording: () => "recording is more than 10 s behind: is a record duty running?",
      stalled: () => "people wait, there is room, and nobody is let in: is a tend duty running?",
      shut: () => "people wait, and the rate is 0: nobody is let in.",
      paused: (/** @type {Standing} */ { minutes, waiting }) =>
        `paused for ${minutes} min, ${n(waiting)} wait: Resume lets them in.`,
      stopped: (/** @type {Standing} */ { minutes, waiting, active }) =>
        `the sale has stood still for ${minutes} min, ${n(waiting)} wait and ${n(active)} are inside: all of it goes on with Continue.`,
      gone: (/** @type {Standing} */ { waiting }) =>
        `everything is sold, and ${n(waiting)} wait: Drain lets nobody new join, Close tells them that it is over.`,
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
      declines: (/** @type {number} */ share) =>
        `${Math.round(100 * share)} % of the last payments were declined.`,
      clock: (/** @type {number} */ seconds) => `clocks of the stores differ by ${seconds} s.`,
      reconcile_down: (/** @type {number} */ seconds) =>
        `nothing was charted for ${n(seconds)} s: is a reconcile duty running?`,
      record_down: (/** @type {number} */ seconds) =>
        `nothing was recorded for ${n(seconds)} s: is a record duty running?`,
      tend_down: (/** @type {number} */ seconds) =>
        `no tend duty has worked for ${n(seconds)} s: nobody is let in and no turn ends.`,
      conduct_down: (/** @type {number} */ seconds) =>
        `no conduct duty has worked for ${n(seconds)} s: payments and refunds wait.`,
      relay_down: (/** @type {number} */ seconds) =>
        `no relay duty has worked for ${n(seconds)} s: nothing goes to Kafka.`,
      mail_down: (/** @type {number} */ seconds) =>
        `no mail duty has worked for ${n(seconds)} s: no mail is sent.`,
      bank_down: (/** @type {number} */ seconds) =>
        `no practice bank has worked for ${n(seconds)} s: nobody can pay.`,
      unmeasured: (/** @type {string} */ name) => `“${name}” cannot be measured just now.`,
    },
  },

  sections: {
    title: "The house",
    loading: "Looking…",
    away: "The house cannot be shown just now.",
    seated: (/** @type {Fill} */ { free, held, sold, closed }) =>
      `${n(free)} free · ${n(held)} held · ${n(sold)} sold${closed ? ` · ${n(closed)} not for sale` : ""}`,
    standing: (/** @type {Fill} */ { free, sold }) => `${n(free)} free · ${n(sold)} held or sold`,
    parts: { sold: "sold", held: "held", free: "free", closed: "not for sale" },
  },

  map: {
    title: "Seats on the map",
    label: "Map of the house; the list below chooses seats by section, row and number",
    show: "Show",
    tool: "Choose by",
    tools: { rectangle: "a rectangle", lasso: "a line around them", look: "nothing: scroll and look" },
    colour: "Colours",
    colours: { state: "State of each seat", heat: "Heat: how much of each row is taken" },
    stage: "Stage",
    heat: { none: "nothing of the row is taken", half: "half", all: "all" },
    closer: "Larger",
    farther: "Smaller",
    section: "Section",
    rows: "Row",
    row: (/** @type {string} */ name) => `Row ${name}`,
    everyRow: "Every row",
    from: "From seat",
    to: "To seat",
    add: "Add to the choice",
    clear: "Choose none",
    none: "No seat is chosen.",
    chosen: (/** @type {number} */ count, /** @type {number} */ free, /** @type {number} */ closed) =>
      `${countOf(count, "seat", "seats")} chosen: ${n(free)} free, ${n(closed)} not for sale, ${n(count - free - closed)} held or sold.`,
    close: "Take off sale",
    open: "Put back on sale",
    ask: (/** @type {number} */ count) => `Take ${countOf(count, "free seat", "free seats")} off sale?`,
    askLead: "Nobody can hold them until they are put back. Seats that are held or sold stay as they are.",
    done: {
      close: (/** @type {number} */ changed, /** @type {number} */ asked) =>
        `${n(changed)} of ${countOf(asked, "seat is", "seats are")} off sale.`,
      open: (/** @type {number} */ changed, /** @type {number} */ asked) =>
        `${n(changed)} of ${countOf(asked, "seat is", "seats are")} on sale again.`,
    },
  },

  bookings: {
    title: "Bookings",
    state: "State",
    all: "All states",
    again: "Refresh",
    more: "Show more",
    query: "Reference, visitor, seat (“Row B, seat 16”), name or mail address",
    find: "Find",
    csv: "Save as CSV",
    none: "There are no such bookings.",
    columns: {
      choose: "Choose",
      reference: "Reference",
      state: "State",
      what: "What",
      total: "Total",
      visitor: "Visitor",
      act: "Refund",
    },
    seats: (/** @type {string} */ row, /** @type {string} */ numbers) => `Row ${row}, seats ${numbers}`,
    choose: (/** @type {string} */ reference) => `Choose ${reference}`,
    chooseAll: "Choose all that are shown",
    reach: (/** @type {number} */ count, /** @type {number} */ places, /** @type {string} */ money) =>
      `${countOf(count, "booking", "bookings")} · ${countOf(places, "place", "places")} · ${money}`,
    refundChosen: "Refund the chosen",
    refundingMany: (/** @type {number} */ count) =>
      `${countOf(count, "booking is", "bookings are")} being refunded.`,
    refusedSome: (/** @type {number} */ accepted, /** @type {number} */ count) =>
      `${n(accepted)} of ${n(count)} are being refunded; each of the others says why it is not.`,
    mail: "Mail again",
    mailed: (/** @type {string} */ reference) => `The mail about ${reference} is sent again.`,
    refund: "Refund",
    refunding: (/** @type {string} */ reference) => `${reference} is being refunded.`,
    ask: {
      question: (/** @type {string} */ reference) => `Refund ${reference}?`,
      questionOfMany: (/** @type {number} */ count) => `Refund ${n(count)} bookings?`,
      lead: (/** @type {string} */ reach) =>
        `${reach}: the money is given back, the tickets become void, and the seats go on sale again.`,
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

  visitors: {
    title: "Who is there",
    query: "Visitor, number, booking reference, seat, name or mail address",
    find: "Find",
    notFound: "Nobody is found.",
    now: {
      lobby: "In the lobby",
      deferred: "Waits for a number: enough of this network have one while others wait",
      waiting: "Waiting",
      admitted: "Let in",
      late: "Missed the turn",
      back: "Back after a missed turn",
      ended: "The place is over",
    },
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
    reason: "Reason, to let in out of turn; it is public",
    admit: "Let in now",
    remove: "Remove",
    admitted: (/** @type {string} */ visitor) => `${visitor} is let in.`,
    removed: (/** @type {string} */ visitor) => `${visitor} is removed.`,
    ask: "Remove this visitor?",
    askLead: (/** @type {string} */ visitor) => `${visitor} loses place, turn and the seats that are held. What is paid stays.`,
    history: (/** @type {string} */ visitor) => `History of ${visitor}`,
    nothing: "The journal has nothing of this visitor.",
  },

  bans: {
    title: "Bans",
    lead: "Who is banned loses the place, and may neither join nor connect until the ban ends.",
    whom: "Visitor, or a block of addresses",
    minutes: "For how many minutes",
    reason: "Reason, for the journal",
    ban: "Ban",
    ask: (/** @type {string} */ whom) => `Ban ${whom}?`,
    askLead: (/** @type {number | null} */ reach) =>
      reach === null
        ? "How many lose their places is not known of so small or so large a block. A ban that is lifted gives no place back."
        : `${countOf(reach, "place ends", "places end")} at once. A ban that is lifted gives no place back.`,
    none: "Nobody is banned.",
    lift: "Lift",
    until: (/** @type {string} */ when) => `until ${when}`,
    by: (/** @type {string} */ who) => `by ${who}`,
    banned: (/** @type {string} */ whom) => `${whom} is banned.`,
    lifted: (/** @type {string} */ whom) => `The ban of ${whom} is over.`,
  },
};
