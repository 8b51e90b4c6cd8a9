// Select many: the bar of actions appears with the first box, and a click with Shift selects a range.
"use strict";
(() => {
  const bar = document.getElementById("selection");
  if (!bar) return;
  const boxes = () => [...document.querySelectorAll("input[type=checkbox][name=asset]")];
  let last = null;

  const update = () => {
    const count = boxes().filter((box) => box.checked).length;
    bar.hidden = count === 0;
    bar.querySelector("[data-count]").textContent = `${count} selected`;
  };
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!box.matches("input[type=checkbox][name=asset]")) return;
    const all = boxes();
    if (event.shiftKey && last && all.includes(last)) {
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
      for (const between of all.slice(from, to + 1)) between.checked = box.checked;
    }
    last = box;
    update();
  });
  bar.addEventListener("reset", () => setTimeout(update));
  document.addEventListener("htmx:afterSwap", update);
  update();
})();
