// One section as a drawing: a square for every seat, of which only those that change are touched.

import { texts } from "../texts/en.js";
import { draw } from "../ui/dom.js";
import { firstSeat, nextSeat } from "./geometry.js";

/**
 * @typedef {import("./geometry.js").Plan} Plan
 * @typedef {import("./geometry.js").Seat} Seat
 * @typedef {import("./seat-inventory.js").SeatState | "chosen" | "mine" | "lost"} Shown
 */

const words = texts.seats.map;

/** Signs on top of some seats, since colour alone tells not everybody. */
const SIGNS = {
  chosen: "M-.2 .02 L-.06 .16 L.2 -.14",
  mine: "M-.2 .02 L-.06 .16 L.2 -.14",
  lost: "M-.17 -.17 L.17 .17 M.17 -.17 L-.17 .17",
};
const ARROWS = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]);

/** The drawing of one section; which seat is what, `shownOf` tells. */
export class SeatMap {
  /** @type {Map<string, Element>} */ #drawn = new Map();
  /** @type {Map<string, Element>} */ #signs = new Map();
  /** @type {Plan} */ #plan;
  #shownOf;
  #signed = draw("g", { class: "signs", "aria-hidden": "true" });
  #names = draw("g", { class: "row-names", "aria-hidden": "true" });
  #tabbed = "";

  /**
   * @param {Plan} plan
   * @param {object} around
   * @param {string} around.name of the section
   * @param {(seat: string) => Shown} around.shownOf
   * @param {(seat: string, event: MouseEvent | KeyboardEvent) => void} around.onPick
   * @param {(seat: string) => void} around.onPoint
   */
  constructor(plan, { name, shownOf, onPick, onPoint }) {
    this.#plan = plan;
    this.#shownOf = shownOf;
    this.element = this.#draw(plan, name);
    this.#tab(firstSeat(plan));
    this.element.addEventListener("click", (event) => {
      const seat = seatAt(event.target);
      if (!seat) return;
      this.#focus(seat);
      onPick(seat, /** @type {MouseEvent} */ (event));
    });
    for (const type of ["pointerover", "focusin"]) {
      this.element.addEventListener(type, (event) => onPoint(seatAt(event.target)));
    }
    this.element.addEventListener("keydown", (event) =>
      this.#typed(/** @type {KeyboardEvent} */ (event), onPick),
    );
  }

  /** Show seats as they are now. @param {Iterable<string>} seats */
  update(seats) {
    for (const seat of seats) this.#show(seat);
  }

  /** Show every seat as it is now. */
  updateAll() {
    this.update(this.#drawn.keys());
  }

  /** Whether seats can be chosen here. @param {boolean} may */
  choosable(may) {
    this.element.classList.toggle("choosable", may);
    this.element.setAttribute("aria-disabled", String(!may));
  }

  /** Keep the rows' names in sight. @param {number} seats how far the plan is scrolled */
  slide(seats) {
    this.#names.setAttribute("transform", `translate(${seats.toFixed(3)} 0)`);
  }

  /** @param {Plan} plan @param {string} name */
  #draw({ rows, box, middle, front }, name) {
    const seats = draw("g", { class: "seats" });
    this.#names.append(strip(box, front));
    for (const row of rows) {
      // A group for each row: where one seat changes, only its row is laid out anew.
      seats.append(draw("g", {}, ...row.seats.map((seat) => this.#seat(seat))));
      this.#names.append(
        draw("text", { x: box.left + 0.55, y: row.y, class: "row-name" }, row.name),
      );
    }
    const { left, top, width, height } = box;
    const whole = {
      class: "seat-map",
      role: "group",
      tabindex: -1,
      "aria-label": words.label(name),
    };
    return draw(
      "svg",
      { ...whole, viewBox: `${left} ${top} ${width} ${height}` },
      stage(middle, front, Math.max(6, width * 0.5)),
      seats,
      this.#signed,
      this.#names,
    );
  }

  /** @param {Seat} seat */
  #seat({ id, x, y }) {
    const drawn = draw("rect", {
      class: "seat",
      "data-seat": id,
      role: "checkbox",
      transform: `translate(${x} ${y})`,
    });
    this.#drawn.set(id, drawn);
    this.#show(id);
    return drawn;
  }

  /** @param {string} id */
  #show(id) {
    const [drawn, seat] = [this.#drawn.get(id), this.#plan.seats.get(id)];
    const shown = this.#shownOf(id);
    if (!drawn || !seat || drawn.getAttribute("data-state") === shown) return;
    drawn.setAttribute("data-state", shown);
    drawn.setAttribute("aria-checked", String(shown === "chosen" || shown === "mine"));
    drawn.setAttribute("aria-disabled", String(shown !== "free" && shown !== "chosen"));
    drawn.setAttribute("aria-label", words.seat(seat.row, seat.number, words.states[shown]));
    this.#sign(seat, shown);
  }

  /** @param {Seat} seat @param {Shown} shown */
  #sign({ id, x, y }, shown) {
    this.#signs.get(id)?.remove();
    this.#signs.delete(id);
    const d = /** @type {Record<string, string>} */ (SIGNS)[shown];
    if (!d) return;
    const sign = draw("path", {
      d,
      class: "sign",
      "data-of": shown,
      transform: `translate(${x} ${y})`,
    });
    this.#signs.set(id, sign);
    this.#signed.append(sign);
  }

  /** The one seat that the tabulator key leads to. @param {string} id */
  #tab(id) {
    this.#drawn.get(this.#tabbed)?.removeAttribute("tabindex");
    this.#drawn.get(id)?.setAttribute("tabindex", "0");
    this.#tabbed = id;
  }

  /** @param {string} id */
  #focus(id) {
    this.#tab(id);
    /** @type {SVGElement | undefined} */ (this.#drawn.get(id))?.focus();
  }

  /**
   * @param {KeyboardEvent} event
   * @param {(seat: string, event: KeyboardEvent) => void} onPick
   */
  #typed(event, onPick) {
    const seat = seatAt(event.target);
    if (!seat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (ARROWS.has(event.key)) {
      this.#focus(nextSeat(this.#plan, seat, event.key));
    } else if (event.key === " " || event.key === "Enter") {
      onPick(seat, event);
    } else return;
    event.preventDefault();
  }
}

/** A seat by itself, as the legend shows it. @param {Shown} shown */
export function sample(shown) {
  const d = /** @type {Record<string, string>} */ (SIGNS)[shown];
  return draw(
    "svg",
    { class: "seat-map sample", viewBox: "-.55 -.55 1.1 1.1", "aria-hidden": "true" },
    draw("rect", { class: "seat", "data-state": shown }),
    ...(d ? [draw("path", { d, class: "sign", "data-of": shown })] : []),
  );
}

/** @param {number} middle @param {number} front @param {number} width */
function stage(middle, front, width) {
  const [y, half] = [front - 1.95, width / 2];
  return draw(
    "g",
    { class: "stage", "aria-hidden": "true" },
    draw("path", {
      d: `M${middle - half} ${y - 0.4} h${width} l-.6 1 q${-half + 0.6} .5 ${-width + 1.2} 0 z`,
    }),
    draw("text", { x: middle, y: y + 0.15 }, words.stage),
  );
}

/**
 * What the rows' names stand on, also when seats are behind them.
 * @param {Plan["box"]} box @param {number} front
 */
function strip({ left, top, height }, front) {
  const d = `M${left - 9} ${front - 0.75} h10.05 V${top + height} h-10.05 z`;
  return draw("path", { d });
}

/** The seat that an event is about. @param {EventTarget | null} target */
function seatAt(target) {
  return /** @type {Element} */ (target).getAttribute("data-seat") ?? "";
}
