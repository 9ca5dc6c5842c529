/** The `deepfunctor` command, for programs that want to call it; and the contact sheet. */
export { main } from './main.js';
export { contactSheet, type SheetEnd, type SheetItem } from './sheet.js';
