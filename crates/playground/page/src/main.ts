import "./style/base.css";
import "./style/frame.css";
import "./style/findings.css";
import "./style/life.css";
import type { About } from "./contract.ts";
import { Engine } from "./engine/client.ts";
import { bindTheme } from "./view/theme.ts";

let redraw = () => {};
bindTheme(() => redraw());

// The engine starts and answers while the editor, the larger part of the page, is on its way.
const engine = new Engine();
const about = engine.ask<About>("about", () => "");
// A failure is told by the page, when it is there.
about.catch(() => {});

const { Playground } = await import("./playground.ts");
const playground = new Playground(engine);
redraw = () => playground.redraw();
await playground.start(about);
