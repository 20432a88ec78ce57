// The rate in the head of every page: the one that is, and a dialog that sets another after its preview.

import { texts as all } from "../texts/texts.js";
import { byId, control, setText } from "../ui/dom.js";
import { attempt } from "../ui/notices.js";
import { previewOf } from "./rate-preview.js";

/** @typedef {import("../admin/session.js").AdminContext} AdminContext */

const texts = all.admin.head;

/** Bind button and dialog. @param {AdminContext} context */
export function headRate(context) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("rate-dialog"));
  const ruled = () => Number(context.event?.rules.rate_per_second ?? 0);

  const preview = () => {
    const waiting = context.stats?.waiting ?? 0;
    const typed = control("rate-new").value;
    setText(byId("rate-now"), texts.rateNow(ruled(), previewOf(waiting, ruled())));
    setText(byId("rate-says"), typed === "" ? "" : texts.rateThen(Number(typed), previewOf(waiting, Number(typed))));
  };

  byId("head-rate").addEventListener("click", () => {
    control("rate-new").value = String(ruled());
    preview();
    dialog.showModal();
    control("rate-new").select();
  });
  byId("rate-new").addEventListener("input", preview);
  byId("rate-cancel").addEventListener("click", () => dialog.close());
  byId("rate-form").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    dialog.close();
    void set(context, Number(control("rate-new").value));
  });

  return {
    /** @param {Record<string, any>} stats */
    draw(stats) {
      const known = typeof stats.rate === "number";
      show(known ? texts.rate(stats.rate, ruled()) : texts.rateOf(ruled()));
      if (dialog.open) preview();
    },
    clear() {
      dialog.close();
      show(texts.rateOf(ruled()));
    },
  };
}

/** @param {string} rate */
function show(rate) {
  setText(byId("head-rate"), rate);
  byId("head-rate").setAttribute("aria-label", texts.rateLabel(rate));
  byId("head-rate").title = texts.rateLabel(rate);
}

/** @param {AdminContext} context @param {number} rate */
async function set(context, rate) {
  const event = context.event;
  if (!event) return;
  await attempt(async () => {
    const path = `/events/${encodeURIComponent(event.id)}/rules`;
    await context.session.write("PATCH", path, { body: { rate_per_second: rate } });
    await context.reload();
    context.journalChanged();
  }, texts.rateSet(rate));
}
