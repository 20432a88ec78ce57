// The rate in the head of every page: the one that is, and a dialog that sets another after its preview.

import { formDialog } from "../admin/form-dialog.js";
import { attemptForm } from "../admin/form-mistakes.js";
import { texts as all } from "../texts/texts.js";
import { byId, control, setText } from "../ui/dom.js";
import { previewOf } from "./rate-preview.js";

/** @typedef {import("../admin/session.js").AdminContext} AdminContext */

const texts = all.admin.head;

/** Bind button and dialog. @param {AdminContext} context */
export function headRate(context) {
  const { dialog, open } = formDialog("rate", (form) => set(context, form, Number(control("rate-new").value)));
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
    open();
    control("rate-new").select();
  });
  byId("rate-new").addEventListener("input", preview);

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

/** @param {AdminContext} context @param {HTMLElement} form @param {number} rate */
function set(context, form, rate) {
  const path = `/events/${encodeURIComponent(context.event?.id ?? "")}/rules`;
  const save = async () => {
    await context.session.write("PATCH", path, { body: { rate_per_second: rate } });
    await context.reload();
    context.journalChanged();
  };
  return attemptForm(form, () => control("rate-new"), save, texts.rateSet(rate));
}
