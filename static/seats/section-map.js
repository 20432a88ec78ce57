// The map of one section: an SVG with a square for every seat, of which only changed ones are redrawn.

import { en } from "../texts/en.js";
import { createSvg } from "../ui/dom.js";
import { firstSeat, nextSeat, nextWhere } from "./geometry.js";

/**
 * @typedef {import("./geometry.js").Plan} Plan
 * @typedef {import("./geometry.js").Seat} Seat
 * @typedef {import("./seat-inventory.js").SeatState | "chosen" | "mine" | "lost"} SeatAppearance
 */

const texts = en.seats.map;

/** Signs on top of some seats: colour alone is not accessible. */
const SIGNS = {
  chosen: "M-.2 .02 L-.06 .16 L.2 -.14",
  mine: "M-.2 .02 L-.06 .16 L.2 -.14",
  lost: "M-.17 -.17 L.17 .17 M.17 -.17 L-.17 .17",
};
const ARROWS = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]);

/** The map of one section; `appearanceOf` is asked for the look of each seat. */
export class SectionMap {
  /** @type {Map<string, Element>} */ #rects = new Map();
  /** @type {Map<string, Element>} */ #signs = new Map();
  /** @type {Plan} */ #plan;
  #appearanceOf;
  #signGroup = createSvg("g", { class: "signs", "aria-hidden": "true" });
  #rowNames = createSvg("g", { class: "row-names", "aria-hidden": "true" });
  #tabbable = "";

  /**
   * @param {Plan} plan
   * @param {object} context
   * @param {string} context.name of the section
   * @param {(seat: string) => SeatAppearance} context.appearanceOf
   * @param {(seat: string, event: MouseEvent | KeyboardEvent) => void} context.onPick
   * @param {(seat: string) => void} context.onPoint
   */
  constructor(plan, { name, appearanceOf, onPick, onPoint }) {
    this.#plan = plan;
    this.#appearanceOf = appearanceOf;
    this.element = this.#draw(plan, name);
    this.#makeTabbable(firstSeat(plan));
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
      this.#keyDown(/** @type {KeyboardEvent} */ (event), onPick),
    );
  }

  /** Redraw these seats. @param {Iterable<string>} seats */
  update(seats) {
    for (const seat of seats) this.#show(seat);
  }

  /** Redraw every seat. */
  updateAll() {
    this.update(this.#rects.keys());
  }

  /** Set whether seats can be chosen. @param {boolean} may */
  setSelectable(may) {
    this.element.classList.toggle("choosable", may);
    this.element.setAttribute("aria-disabled", String(!may));
  }

  /** Move the rows' names along with the scrolling. @param {number} seats from the left */
  slideRowNames(seats) {
    this.#rowNames.setAttribute("transform", `translate(${seats.toFixed(3)} 0)`);
  }

  /** @param {Plan} plan @param {string} name */
  #draw({ rows, box, middle, front }, name) {
    const seats = createSvg("g", { class: "seats" });
    this.#rowNames.append(rowNameStrip(box, front));
    for (const row of rows) {
      // A group for each row: when a seat changes, the browser lays out only its row again.
      seats.append(createSvg("g", {}, ...row.seats.map((seat) => this.#seat(seat))));
      this.#rowNames.append(
        createSvg("text", { x: box.left + 0.55, y: row.y, class: "row-name" }, row.name),
      );
    }
    const { left, top, width, height } = box;
    const whole = {
      class: "seat-map",
      role: "group",
      tabindex: -1,
      "aria-label": texts.label(name),
    };
    return createSvg(
      "svg",
      { ...whole, viewBox: `${left} ${top} ${width} ${height}` },
      stage(middle, front, Math.max(6, width * 0.5)),
      seats,
      this.#signGroup,
      this.#rowNames,
    );
  }

  /** @param {Seat} seat */
  #seat({ id, x, y }) {
    const drawn = createSvg("rect", {
      class: "seat",
      "data-seat": id,
      role: "checkbox",
      transform: `translate(${x} ${y})`,
    });
    this.#rects.set(id, drawn);
    this.#show(id);
    return drawn;
  }

  /** @param {string} id */
  #show(id) {
    const [drawn, seat] = [this.#rects.get(id), this.#plan.seats.get(id)];
    const shown = this.#appearanceOf(id);
    if (!drawn || !seat || drawn.getAttribute("data-state") === shown) return;
    drawn.setAttribute("data-state", shown);
    drawn.setAttribute("aria-checked", String(shown === "chosen" || shown === "mine"));
    drawn.setAttribute("aria-disabled", String(shown !== "free" && shown !== "chosen"));
    drawn.setAttribute("aria-label", texts.seat(seat.row, seat.number, texts.states[shown]));
    this.#sign(seat, shown);
  }

  /** @param {Seat} seat @param {SeatAppearance} shown */
  #sign({ id, x, y }, shown) {
    this.#signs.get(id)?.remove();
    this.#signs.delete(id);
    const d = /** @type {Record<string, string>} */ (SIGNS)[shown];
    if (!d) return;
    const sign = createSvg("path", {
      d,
      class: "sign",
      "data-of": shown,
      transform: `translate(${x} ${y})`,
    });
    this.#signs.set(id, sign);
    this.#signGroup.append(sign);
  }

  /** Make this the one seat that the Tab key reaches. @param {string} id */
  #makeTabbable(id) {
    this.#rects.get(this.#tabbable)?.removeAttribute("tabindex");
    this.#rects.get(id)?.setAttribute("tabindex", "0");
    this.#tabbable = id;
  }

  /** @param {string} id */
  #focus(id) {
    this.#makeTabbable(id);
    /** @type {SVGElement | undefined} */ (this.#rects.get(id))?.focus();
  }

  /**
   * @param {KeyboardEvent} event
   * @param {(seat: string, event: KeyboardEvent) => void} onPick
   */
  #keyDown(event, onPick) {
    const seat = seatAt(event.target);
    if (!seat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (ARROWS.has(event.key)) {
      this.#focus(nextSeat(this.#plan, seat, event.key));
    } else if (event.key === "n" || event.key === "N") {
      this.#focus(nextWhere(this.#plan, seat, (id) => this.#appearanceOf(id) === "free"));
    } else if (event.key === " " || event.key === "Enter") {
      onPick(seat, event);
    } else return;
    event.preventDefault();
  }
}

/** Return a drawing of one seat, for the legend. @param {SeatAppearance} shown */
export function legendSample(shown) {
  const d = /** @type {Record<string, string>} */ (SIGNS)[shown];
  return createSvg(
    "svg",
    { class: "seat-map sample", viewBox: "-.55 -.55 1.1 1.1", "aria-hidden": "true" },
    createSvg("rect", { class: "seat", "data-state": shown }),
    ...(d ? [createSvg("path", { d, class: "sign", "data-of": shown })] : []),
  );
}

/** @param {number} middle @param {number} front @param {number} width */
function stage(middle, front, width) {
  const [y, half] = [front - 1.95, width / 2];
  return createSvg(
    "g",
    { class: "stage", "aria-hidden": "true" },
    createSvg("path", {
      d: `M${middle - half} ${y - 0.4} h${width} l-.6 1 q${-half + 0.6} .5 ${-width + 1.2} 0 z`,
    }),
    createSvg("text", { x: middle, y: y + 0.15 }, texts.stage),
  );
}

/**
 * Return the background of the rows' names, which hides seats behind them.
 * @param {Plan["box"]} box @param {number} front
 */
function rowNameStrip({ left, top, height }, front) {
  const d = `M${left - 9} ${front - 0.75} h10.05 V${top + height} h-10.05 z`;
  return createSvg("path", { d });
}

/** Return the seat of an event's target, or "". @param {EventTarget | null} target */
function seatAt(target) {
  return /** @type {Element} */ (target).getAttribute("data-seat") ?? "";
}
