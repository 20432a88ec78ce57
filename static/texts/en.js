// Texts under the name that the wings of seats and operators know them by, with those of operators.

import { texts } from "./texts.js";

// Visitors' pages offer languages; the operators' page is in English.
const isForVisitors = "languages" in document.documentElement.dataset;
const { admin } = isForVisitors ? { admin: null } : await import("./en-admin.js");

export const en = { ...texts, admin };
