// One question in the page, answered by a button; Escape means no.

/**
 * Ask, and tell whether the answer was yes.
 * @param {HTMLElement} dialog with `.question`, `.lead`, `.yes` and `.no`
 * @param {{question: string, lead: string, yes: string, no?: string}} words
 * @returns {Promise<boolean>}
 */
export function confirmed(dialog, words) {
  const asked = /** @type {HTMLDialogElement} */ (dialog);
  const inside = (/** @type {string} */ name) =>
    /** @type {HTMLElement} */ (asked.querySelector(`.${name}`));
  inside("question").textContent = words.question;
  inside("lead").textContent = words.lead;
  inside("yes").textContent = words.yes;
  if (words.no) inside("no").textContent = words.no;
  inside("yes").onclick = () => asked.close("yes");
  inside("no").onclick = () => asked.close("");
  asked.returnValue = "";
  asked.showModal();
  return new Promise((resolve) => {
    asked.addEventListener("close", () => resolve(asked.returnValue === "yes"), { once: true });
  });
}
