// The lanes panel: each lane's weight, wait and share, the form of a weight, and the form of codes.

import { en } from "../texts/en.js";
import { byId, control, createElement, renderIfChanged } from "../ui/dom.js";
import { attempt } from "../ui/notices.js";

/**
 * @typedef {import("../admin/session.js").AdminContext} AdminContext
 * @typedef {import("../admin/session.js").Event} Event
 * @typedef {{lane: string, weight: number, waiting: number, share: number}} Lane
 */

const texts = en.admin.lanes;

/** Bind the forms. @param {AdminContext} context */
export function lanesPanel(context) {
  let shown = "";

  byId("lane-form").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    void attempt(() => saveLane(context), texts.saved);
  });
  byId("codes-form").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    void attempt(() => makeCodes(context), texts.made);
  });

  return {
    /** Show an event's lanes; new codes are shown until another event is chosen. @param {Event} event */
    show(event) {
      drawChoices(event);
      if (shown !== event.id) showCodes([]);
      shown = event.id;
    },
    /** @param {Record<string, any>} stats */
    draw(stats) {
      const lanes = /** @type {Lane[]} */ (stats.lanes ?? []);
      renderIfChanged(byId("lane-rows"), lanes, () => lanes.map(row));
    },
    clear: () => renderIfChanged(byId("lane-rows"), null, () => []),
  };
}

/** Set the weight of one lane; 0 removes it. @param {AdminContext} context */
async function saveLane(context) {
  const { event } = context;
  if (!event) return;
  const lanes = { ...event.rules.lanes };
  const weight = Number(control("lane-weight").value);
  if (weight) lanes[control("lane-name").value] = weight;
  else delete lanes[control("lane-name").value];
  const answer = await context.session.write("PATCH", `${pathOf(event)}/rules`, { body: { lanes } });
  context.eventChanged({ ...event, rules: answer.rules });
  context.journalChanged();
}

/** Make codes, and show them. @param {AdminContext} context */
async function makeCodes(context) {
  const { event } = context;
  if (!event) return;
  const body = {
    lane: control("codes-lane").value,
    count: Number(control("codes-count").value),
    uses: Number(control("codes-uses").value),
  };
  showCodes((await context.session.write("POST", `${pathOf(event)}/codes`, { body })).codes);
  context.journalChanged();
}

/** @param {Event} event */
function drawChoices(event) {
  const names = Object.keys(event.rules.lanes);
  renderIfChanged(byId("codes-lane"), names, () =>
    names.map((value) => createElement("option", { value }, value)),
  );
}

/** @param {string[]} codes */
function showCodes(codes) {
  byId("codes-made").hidden = codes.length === 0;
  control("codes-list").value = codes.join("\n");
}

/** @param {Lane} lane */
function row({ lane, weight, waiting, share }) {
  const cells = [lane, String(weight), String(waiting), texts.share(share)];
  return createElement("tr", {}, ...cells.map((text) => createElement("td", {}, text)));
}

/** @param {Event} event */
function pathOf(event) {
  return `/events/${encodeURIComponent(event.id)}`;
}
