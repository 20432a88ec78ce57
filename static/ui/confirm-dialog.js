// The confirm dialog: one question with two buttons; Escape means no.

/**
 * Open the dialog. Return whether it was closed with yes.
 * @param {HTMLElement} dialog with `.question`, `.lead`, `.yes` and `.no`
 * @param {{question: string, lead: string, yes: string, no?: string}} texts
 * @returns {Promise<boolean>}
 */
export function askConfirmation(dialog, texts) {
  const modal = /** @type {HTMLDialogElement} */ (dialog);
  const inside = (/** @type {string} */ name) =>
    /** @type {HTMLElement} */ (modal.querySelector(`.${name}`));
  inside("question").textContent = texts.question;
  inside("lead").textContent = texts.lead;
  inside("yes").textContent = texts.yes;
  if (texts.no) inside("no").textContent = texts.no;
  inside("yes").onclick = () => modal.close("yes");
  inside("no").onclick = () => modal.close("");
  modal.returnValue = "";
  modal.showModal();
  return new Promise((resolve) => {
    modal.addEventListener("close", () => resolve(modal.returnValue === "yes"), { once: true });
  });
}
