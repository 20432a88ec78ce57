// Warnings of rules that do what is hardly meant, together or on this server: said while they are typed.

import { texts as all } from "../texts/texts.js";

const texts = all.admin.rules.warnings;

const SETTINGS = /** @type {Record<string, string>} */ ({ token: "RUSH_IDENTITY_URL", subject: "RUSH_IDENTITY_JWKS" });

/**
 * Return what rules would do that is hardly meant.
 * @param {Record<string, any>} rules as they would be saved
 * @param {string[]} identities the kinds that this server can check
 */
export function warningsOf(rules, identities) {
  const { hold_seconds: hold, hold_total_seconds: total, waiting_max: waiting, identity } = rules;
  const setting = identities.includes(identity) ? undefined : SETTINGS[identity];
  return [
    ...(setting ? [texts.identity(setting)] : []),
    ...(total < hold ? [texts.total(total, hold)] : []),
    ...(waiting === 0 ? [texts.nobodyJoins] : []),
  ];
}
