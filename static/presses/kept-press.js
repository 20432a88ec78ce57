// Kept presses: a button that the page moves away, or draws anew, between down and up is pressed all the same.

/**
 * @typedef {object} Press
 * @property {HTMLButtonElement} button
 * @property {DOMRect} box where the button was when it was pressed
 * @property {string} said what it said
 */

/**
 * Carry out presses whose button was moved or drawn anew meanwhile, and keep them from what is in
 * its place now. Who wants to take a press back moves away before letting go, as ever.
 */
export function keepPresses() {
  /** @type {Press | null} */ let press = null;
  let isKept = false; // its own click, which goes to what is there now, is still to come
  const on = (/** @type {string} */ type, /** @type {(event: any) => void} */ act) =>
    addEventListener(type, act, { capture: true });
  on("pointerdown", (down) => {
    isKept = false;
    press = down.isPrimary && down.button === 0 ? pressOn(down.target) : null;
  });
  on("pointercancel", () => (press = null)); // it became a scroll
  on("pointerup", (up) => {
    const button = press && isInside(press.box, up) ? lost(press, up) : null;
    press = null;
    if (!button) return;
    isKept = true;
    button.click();
  });
  on("click", (click) => {
    if (!isKept || !click.isTrusted || click.detail === 0) return; // 0: by a key
    isKept = false;
    click.preventDefault();
    click.stopImmediatePropagation();
  });
}

/** @param {EventTarget | null} target @returns {Press | null} */
function pressOn(target) {
  const button = target instanceof Element ? target.closest("button") : null;
  return button && { button, box: button.getBoundingClientRect(), said: said(button) };
}

/** @param {DOMRect} box @param {PointerEvent} point */
function isInside({ left, right, top, bottom }, { clientX, clientY }) {
  return clientX >= left && clientX <= right && clientY >= top && clientY <= bottom;
}

/**
 * Return the button that would miss its press: the pressed one, or the only one that was drawn anew
 * and says the same. Null where its click comes by itself, or where it has gone.
 * @param {Press} press @param {PointerEvent} up
 */
function lost({ button, said: before }, { clientX, clientY }) {
  const under = document.elementFromPoint(clientX, clientY);
  if (button.isConnected) return button.contains(under) || !isShown(button) ? null : button;
  const buttons = [...document.querySelectorAll("button")];
  const same = buttons.filter((other) => said(other) === before && isShown(other));
  return same.length === 1 ? (same[0] ?? null) : null;
}

/** @param {HTMLElement} button */
function isShown(button) {
  return button.getClientRects().length > 0;
}

/** @param {HTMLButtonElement} button */
function said(button) {
  return `${button.id} ${button.getAttribute("aria-label") ?? ""} ${button.textContent}`;
}
