// The page of a visitor's place without JavaScript: where scripts run, the event's page is the better one.

location.replace(location.pathname.replace(/\/line$/, ""));
