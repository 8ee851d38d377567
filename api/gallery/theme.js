// Light, dark, or as the system says. Runs before anything is drawn, so that no page flashes in the wrong colours.
(() => {
  const kept = (() => {
    try {
      return localStorage.getItem("darkroom.theme");
    } catch {
      return null;
    }
  })();
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
})();
