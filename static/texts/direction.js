// The direction of a text: right to left, as Arabic and Hebrew are, or left to right.

const FIRST_LETTER = /\p{L}/u;
const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
const [ISOLATE, END] = ["\u2068", "\u2069"];

/** Return whether a text begins from the right. @param {string} text */
export function isRightToLeft(text) {
  return RIGHT_TO_LEFT.test(FIRST_LETTER.exec(text)?.[0] ?? "");
}

/** Return a name such that its direction moves nothing of the text around it. @param {string} name */
export function isolated(name) {
  return RIGHT_TO_LEFT.test(name) ? `${ISOLATE}${name}${END}` : name;
}
