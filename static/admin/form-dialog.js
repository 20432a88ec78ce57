// A dialog with a form: it closes when cancelled or done, and stays open over a field that is refused.

import { byId } from "../ui/dom.js";
import { clearMistakes } from "./form-mistakes.js";

/**
 * Bind the dialog of a name, with its form and its button to cancel. Return the dialog's element, and
 * how to open it.
 * @param {string} name
 * @param {(form: HTMLElement) => Promise<boolean>} onSubmit returns whether the dialog is done
 */
export function formDialog(name, onSubmit) {
  const dialog = /** @type {HTMLDialogElement} */ (byId(`${name}-dialog`));
  const form = byId(`${name}-form`);
  byId(`${name}-cancel`).addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    if ((await onSubmit(form)) || !form.querySelector("[aria-invalid]")) dialog.close(); // over the notice
  });
  const open = () => {
    clearMistakes(form);
    dialog.showModal();
  };
  return { dialog, open };
}
