import { defineConfig } from "vite";

export default defineConfig({
  // The page stands wherever it is put: all its addresses are relative.
  base: "./",
  build: {
    target: "es2022",
    // Nothing of the page is a data: address, which its content security policy would refuse.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The editor is half a megabyte before compression, and all of it is needed at once.
    chunkSizeWarningLimit: 700,
  },
  worker: { format: "iife" },
});
