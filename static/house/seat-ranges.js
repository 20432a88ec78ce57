// The list beside the map: seats chosen by section, row and numbers, for whom a canvas is no help.

import { seatId } from "../seats/seat-inventory.js";
import { texts as all } from "../texts/texts.js";
import { byId, control, createElement } from "../ui/dom.js";

/** @typedef {import("../seats/seat-inventory.js").Section} Section */

const texts = all.admin.map;

/** Bind the form. Return how to show sections. @param {(seats: string[]) => void} onChoose */
export function bindSeatRanges(onChoose) {
  /** @type {Section[]} */
  let sections = [];
  const chosen = () => sections.find(({ id }) => id === control("range-section").value);

  const drawRows = () => {
    const rows = (chosen()?.rows ?? []).map(({ name }) => createElement("option", { value: name }, texts.row(name)));
    byId("range-row").replaceChildren(createElement("option", { value: "" }, texts.everyRow), ...rows);
  };

  byId("range-section").addEventListener("change", drawRows);
  byId("seat-ranges").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const row = control("range-row").value;
    const [from, to] = [Number(control("range-from").value) || 1, Number(control("range-to").value) || Infinity];
    const section = chosen();
    const rows = (section?.rows ?? []).filter(({ name }) => !row || name === row);
    const seats = rows.flatMap(({ name, seats: inRow }) =>
      inRow
        .filter(({ number }) => number >= from && number <= to)
        .map(({ number }) => seatId(section?.id ?? "", name, number)),
    );
    onChoose(seats);
  });

  return {
    /** @param {Section[]} shown */
    show(shown) {
      sections = shown;
      byId("range-section").replaceChildren(
        ...sections.map(({ id, name }) => createElement("option", { value: id }, name)),
      );
      drawRows();
    },
  };
}
