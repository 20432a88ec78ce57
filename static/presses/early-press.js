// The early press: Join was pressed before the page's scripts were there, so its form went to the server.

const KEY = "rush-early-join";
const ANSWER_MS = 3_000; // at most, until the answer to the form has replaced this page

/** The browser's sign of a press before the scripts came; without such a sign: false. */
const isForm = Boolean(globalThis.navigator?.userActivation?.hasBeenActive);

let stopWaiting = () => {};
/** Settles once no answer to the form can be on its way any more. */
const answered = new Promise((resolve) => {
  stopWaiting = () => resolve(undefined);
  if (isForm) setTimeout(stopWaiting, ANSWER_MS);
  else stopWaiting();
});

/**
 * Wait for the answer to a form that was perhaps sent: it makes a visitor, and of two in one browser
 * the second takes the first one's cookie, and so the place.
 */
export async function formAnswered() {
  await answered;
}

/** Wait no longer: a press has come to the scripts, so no form is on its way. */
export function pressHandled() {
  stopWaiting();
}

/** Keep the press for the event's page, if this page is the form's answer. @param {string} event */
export function keepEarlyPress(event) {
  const [loaded] = performance.getEntriesByType("navigation");
  const { type, redirectCount } = /** @type {PerformanceNavigationTiming} */ (loaded ?? {});
  if (type !== "navigate" || !redirectCount) return;
  try {
    sessionStorage.setItem(KEY, event);
  } catch {
    // storage is off: the place that the form has got is all there is
  }
}

/** Return whether Join of an event was pressed before its scripts came, once. @param {string} event */
export function takeEarlyPress(event) {
  try {
    const isKept = sessionStorage.getItem(KEY) === event;
    if (isKept) sessionStorage.removeItem(KEY);
    return isKept;
  } catch {
    return false;
  }
}
