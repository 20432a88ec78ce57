// The page of a visitor's place without JavaScript: where scripts run, the event's page is the better one.

import { keepEarlyPress } from "./presses/early-press.js";

const page = location.pathname.replace(/\/line$/, "");
keepEarlyPress(decodeURIComponent(page.split("/")[2] ?? ""));
location.replace(page);
