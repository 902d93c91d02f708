/** Switches between light and dark: as the system has it, until somebody says otherwise. */

import { byId } from "./dom.ts";

const KEY = "podgate-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

/** Tells whether the page is dark now. */
export function isDark(): boolean {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : system.matches;
}

/** Binds the button of the theme; `changed` is called after each change. */
export function bindTheme(changed: () => void): void {
  const button = byId("theme", HTMLButtonElement);
  const kept = stored();
  if (kept) document.documentElement.dataset["theme"] = kept;
  const show = () => {
    const other = isDark() ? "light" : "dark";
    button.setAttribute("aria-label", `Switch to ${other} colours`);
    button.title = `Switch to ${other} colours`;
  };
  button.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset["theme"] = next;
    store(next === (system.matches ? "dark" : "light") ? undefined : next);
    show();
    changed();
  });
  system.addEventListener("change", () => {
    show();
    changed();
  });
  show();
}

/** Reads the choice; a browser that keeps nothing has none. */
function stored(): string | undefined {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "dark" || kept === "light" ? kept : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a choice that differs from the system's. */
function store(theme: string | undefined): void {
  if (!theme) delete document.documentElement.dataset["theme"];
  try {
    if (theme) localStorage.setItem(KEY, theme);
    else localStorage.removeItem(KEY);
  } catch {
    // It is kept for this page only.
  }
}
