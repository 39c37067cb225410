// Starts the page: what the browser lacks is said at once, else the application begins.

import "./before.ts";
import { App } from "./app.ts";
import { byId } from "./dom.ts";
import { factsOf } from "./failure.ts";
import { createThemeSwitch } from "./theme.ts";
import { findLack } from "./unavailable.ts";

byId("before").remove(); // what is said where this does not run
document.querySelector("header")!.append(createThemeSwitch());
const app = new App(byId("side"), byId("content"), byId("adapter"));
const lack = findLack(globalThis);
if (lack) app.showUnavailable(lack, null);
else app.begin().catch((error) => app.showUnavailable("incomplete", factsOf(error)));
