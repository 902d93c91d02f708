import "./style/base.css";
import "./style/frame.css";
import "./style/findings.css";
import "./style/life.css";
import { Engine } from "./engine/client.ts";
import { Playground } from "./playground.ts";
import { bindTheme } from "./view/theme.ts";

// The engine is on its way while the page is being put together.
const engine = new Engine();
const playground = new Playground(engine);
bindTheme(() => playground.redraw());
void playground.start();
