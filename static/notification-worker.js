// The service worker of the event page: lets it notify on phones, and leads a click back. It fetches nothing.

const scope = /** @type {any} */ (globalThis);

scope.addEventListener("install", () => scope.skipWaiting());
scope.addEventListener("notificationclick", (/** @type {any} */ event) => {
  event.notification.close();
  event.waitUntil(lookAt(event.notification.data));
});

/** Focus the tab that has this page, or else open one. @param {string} page its URL */
async function lookAt(page) {
  const tabs = await scope.clients.matchAll({ type: "window", includeUncontrolled: true });
  const tab = tabs.find((/** @type {any} */ { url }) => url === page);
  return tab ? tab.focus() : scope.clients.openWindow(page);
}
