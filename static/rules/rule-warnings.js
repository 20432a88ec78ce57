// Warnings of rules that each make sense and together do not: said while they are typed, not refused.

import { texts as all } from "../texts/texts.js";

const texts = all.admin.rules.warnings;

/** Return what rules would do that is hardly meant. @param {Record<string, any>} rules as they would be saved */
export function warningsOf(rules) {
  const { hold_seconds: hold, hold_total_seconds: total, waiting_max: waiting } = rules;
  return [
    ...(total < hold ? [texts.total(total, hold)] : []),
    ...(waiting === 0 ? [texts.nobodyJoins] : []),
  ];
}
