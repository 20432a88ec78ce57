// The visitor's proof of place: the signed receipt, to read and to copy.

import { texts } from "../texts/en.js";
import { control, part, write } from "../ui/dom.js";

const COPIED_MS = 2_000;

/** Show the receipt of who has a place. @param {import("./queue-state.js").Standing} standing */
export function drawProof({ place, visitor }) {
  part("copy").onclick = copy;
  write(part("visitor"), visitor);
  const receipt = place?.receipt ?? "";
  if (control("receipt").value !== receipt) control("receipt").value = receipt;
  if (!receipt) part("proof").hidden = true;
}

/** Copy by the clipboard where pages may; otherwise it is selected, ready to be copied. */
async function copy() {
  const receipt = control("receipt");
  receipt.select();
  try {
    await navigator.clipboard.writeText(receipt.value);
  } catch {
    return;
  }
  write(part("copy"), texts.event.proof.copied);
  setTimeout(() => write(part("copy"), texts.event.proof.copy), COPIED_MS);
}
