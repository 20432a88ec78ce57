// Pinned parts: what sticks stands below what sticks above it, and hides nothing that has the focus.

/**
 * Keep the heights of pinned parts in custom properties of the page. Those at the top are added up:
 * the part `offline` is followed by `--below-offline`, and the last by `--pinned-top`.
 * @param {string[]} above ids of parts at the top, from there on @param {string[]} [below] at the bottom
 */
export function followPinned(above, below = []) {
  const { style } = document.documentElement;
  const measure = () => {
    let top = 0;
    for (const id of above) {
      top += pinnedHeight(id);
      style.setProperty(`--below-${id}`, `${top}px`);
    }
    style.setProperty("--pinned-top", `${top}px`);
    style.setProperty("--pinned-bottom", `${below.reduce((sum, id) => sum + pinnedHeight(id), 0)}px`);
  };
  const observer = new ResizeObserver(measure);
  for (const id of [...above, ...below]) observer.observe(part(id));
}

/** @param {string} id */
function part(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** Return the height of a part that sticks just now, in pixels; 0 of any other. @param {string} id */
function pinnedHeight(id) {
  return getComputedStyle(part(id)).position === "sticky" ? part(id).offsetHeight : 0;
}
