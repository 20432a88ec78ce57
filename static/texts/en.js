// Texts of the page under the name that the wings of seats and operators know them by.

export { texts as en } from "./texts.js";
