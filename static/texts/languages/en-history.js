// Texts of one's own history in the line, in English.

/** @typedef {typeof history} History */

export const history = {
  title: "Why did I wait?",
  loading: "One moment …",
  none: "There is nothing to tell yet.",
  checking: "Your browser is checking this …",
  unchecked: "This could not be checked now.",
  shared: "All of it is in a public journal that is never changed; only you know which entries are yours.",
  right: "✓",
  wrong: "✗ This does not hold:",
  cannot: "– This browser cannot check:",
  checks: {
    receipt: "your proof of place is signed by us",
    who: "these entries are yours",
    chain: "the public journal has them, each following from the one before",
    draw: "your number follows from the seed of its draw, which was committed to before",
  },
  what: {
    number: ({ number }) => `You got number ${number}. Smaller numbers go first.`,
    window: "You joined a draw with others: being faster than they were gains nothing.",
    drawn: ({ number }) => `The draw gave you number ${number}.`,
    admitted: ({ by, why }) =>
      by ? `You were let in out of turn: ${why}` : "You were let in: nobody with a smaller number was next.",
    late: "It was your turn, and you were not heard of in time.",
    back: "You came back, and one of the next turns was yours.",
    left: "You left.",
    lapsed: "Your time was over.",
    purchased: "You bought, and made room.",
    removed: "The organiser ended your place.",
    rule: "The rules of the line were changed.",
    drawing: "The sale opened, and the numbers of the lobby were drawn.",
    draw: "A draw was fixed: these places change among one another by its seed.",
    open: "The line opened.",
    paused: "The line was paused.",
    draining: "Nobody could join any more.",
    closed: "The sale was closed.",
    stopped: "The sale was stopped: nobody was let in, and no time ran out.",
    continued: "The sale went on.",
    recovered: "The line was loaded again after a fault; every place stayed.",
  },
};
