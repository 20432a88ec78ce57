// The receipt panel: the signed receipt of the visitor's place, to read and to copy.

import { texts as all } from "../texts/texts.js";
import { byId, control, setText } from "../ui/dom.js";

const COPIED_MS = 2_000;

/** Draw the receipt of a place, if any. @param {import("./queue-state.js").QueueState} queueState */
export function drawReceipt({ place, visitor }) {
  byId("copy").onclick = copy;
  setText(byId("visitor"), visitor);
  const receipt = place?.receipt ?? "";
  if (control("receipt").value !== receipt) control("receipt").value = receipt;
  if (!receipt) byId("proof").hidden = true;
}

/** Copy the receipt to the clipboard, or leave it selected where the browser forbids that. */
async function copy() {
  const receipt = control("receipt");
  receipt.select();
  try {
    await navigator.clipboard.writeText(receipt.value);
  } catch {
    return;
  }
  setText(byId("copy"), all.event.receipt.copied);
  setTimeout(() => setText(byId("copy"), all.event.receipt.copy), COPIED_MS);
}
