// Single keys press what shows them: the link, button or fold with that `data-key`. Text fields keep their keys.
"use strict";
(() => {
  const isTyping = (element) => element.matches("input:not([type=range]):not([type=checkbox]), textarea, select");

  const ask = (fold) => {
    for (const other of document.querySelectorAll("details.ask[open]")) if (other !== fold) other.open = false;
    fold.open = true;
    fold.querySelector("input:not([type=hidden])").focus();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const asked = event.target.closest("details.ask[open]");
    if (event.key === "Escape" && asked) {
      asked.open = false;
      asked.querySelector("summary").focus();
      return;
    }
    if (isTyping(event.target) || event.repeat) return;
    const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!target) return;
    event.preventDefault();
    const fold = target.matches("summary") && target.parentElement;
    if (fold && !fold.open) ask(fold); // at once: the next key is already part of the reason
    else target.click();
  });
  for (const fold of document.querySelectorAll("details.ask")) {
    fold.addEventListener("toggle", () => {
      if (fold.open) ask(fold);
    });
  }
})();
