// Pinned parts: what sticks at the top of the page stands below what sticks there already.

/**
 * Keep the heights of pinned parts in custom properties of the page, each with those above it: the
 * part `offline` is followed by `--below-offline`.
 * @param {string[]} ids from the top
 */
export function followPinned(ids) {
  const parts = ids.map((id) => /** @type {HTMLElement} */ (document.getElementById(id)));
  const measure = () => {
    let below = 0;
    for (const part of parts) {
      if (getComputedStyle(part).position === "sticky") below += part.offsetHeight;
      document.documentElement.style.setProperty(`--below-${part.id}`, `${below}px`);
    }
  };
  const observer = new ResizeObserver(measure);
  for (const part of parts) observer.observe(part);
}
