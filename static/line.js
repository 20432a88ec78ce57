// The page of a visitor's place without JavaScript: where scripts run, the event's page is the better
// one. It is told the code and the identity that the visitor's link brought.

import { keepEarlyPress } from "./presses/early-press.js";

const page = location.pathname.replace(/\/line$/, "");
keepEarlyPress(decodeURIComponent(page.split("/")[2] ?? ""));
const code = new URLSearchParams(location.search).get("code");
location.replace(`${page}${code ? `?${new URLSearchParams({ code })}` : ""}${location.hash}`);
