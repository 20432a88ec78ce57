// The palette of a page: colours of its style sheet as a canvas takes them.

/** @typedef {Record<string, string>} Palette */

/**
 * Return the colours of custom properties as they are now: dark or light, forced or not.
 * @param {HTMLElement} element any element of the page @param {string[]} names without dashes before
 * @returns {Palette}
 */
export function paletteOf(element, names) {
  const probe = document.createElement("i");
  element.append(probe);
  const colours = names.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(colours);
}

/** Call back when colours may have changed. @param {() => void} onChange */
export function onColoursChanged(onChange) {
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"])
    matchMedia(query).addEventListener("change", onChange);
}
