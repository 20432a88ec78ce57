// Seat queries: answers to a script that asks for a seat of the map, which is no element.

import { sectionOf } from "../seats/seat-inventory.js";

/** @typedef {{seat: string, still?: boolean, state?: string, x?: number, y?: number}} SeatQuery */

/**
 * Answer each `seat-query` event at the map: the seat's state, and its point on the page, brought into
 * view unless the map shall stay as it is (`still`).
 * @param {HTMLElement} element the map's
 * @param {{map: import("../map/house-map.js").HouseMap, hasSeat: (seat: string) => boolean,
 *   appearanceOf: (seat: string) => string}} context
 */
export function answerSeatQueries(element, { map, hasSeat, appearanceOf }) {
  element.addEventListener("seat-query", (event) => {
    const query = /** @type {CustomEvent<SeatQuery>} */ (event).detail;
    const section = sectionOf(query.seat);
    if (!hasSeat(query.seat)) return;
    if (!query.still) map.reveal(section, query.seat);
    const { left, top, width, height } = map.boxOf(section, query.seat);
    const box = element.getBoundingClientRect();
    query.state = appearanceOf(query.seat);
    query.x = box.left + element.clientLeft + left + width / 2;
    query.y = box.top + element.clientTop + top + height / 2;
  });
}
