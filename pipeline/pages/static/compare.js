// The large picture of an asset: a slider uncovers the photo behind it, buttons, keys and the wheel zoom, dragging moves.
"use strict";
(() => {
  const FACTOR = 1.6;
  const LARGEST = 8;

  const start = (figure) => {
    const frame = figure.querySelector(".frame");
    const before = figure.querySelector(".before");
    const slider = figure.querySelector("input[type=range]");
    const view = { zoom: 1, x: 0, y: 0 };

    const apply = () => {
      const room_x = ((view.zoom - 1) * frame.clientWidth) / 2;
      const room_y = ((view.zoom - 1) * frame.clientHeight) / 2;
      view.x = Math.min(Math.max(view.x, -room_x), room_x);
      view.y = Math.min(Math.max(view.y, -room_y), room_y);
      frame.style.setProperty("--zoom", view.zoom);
      frame.style.setProperty("--x", `${view.x}px`);
      frame.style.setProperty("--y", `${view.y}px`);
      frame.classList.toggle("zoomed", view.zoom > 1);
    };
    const zoom = (step) => {
      const wanted = step === 0 ? 1 : view.zoom * FACTOR ** step;
      const zoomed = Math.min(Math.max(wanted, 1), LARGEST);
      view.x *= zoomed / view.zoom;
      view.y *= zoomed / view.zoom;
      view.zoom = zoomed;
      apply();
    };
    for (const button of figure.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => zoom(Number(button.dataset.zoom)));
    }
    frame.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && view.zoom === 1) return; // the page scrolls
      event.preventDefault();
      zoom(event.deltaY < 0 ? 0.5 : -0.5);
    }, { passive: false });
    frame.addEventListener("dblclick", () => zoom(view.zoom > 1 ? 0 : 2));
    let last = null;
    frame.addEventListener("pointerdown", (event) => {
      if (view.zoom === 1) return;
      frame.setPointerCapture(event.pointerId);
      last = { x: event.clientX, y: event.clientY };
    });
    frame.addEventListener("pointermove", (event) => {
      if (!last) return;
      view.x += event.clientX - last.x;
      view.y += event.clientY - last.y;
      last = { x: event.clientX, y: event.clientY };
      apply();
    });
    for (const end of ["pointerup", "pointercancel"]) frame.addEventListener(end, () => (last = null));

    if (!before) return;
    const line = figure.querySelector(".cut");
    const uncover = () => {
      frame.style.setProperty("--cut", slider.value);
      line.hidden = slider.value === "0";
    };
    const show = () => {
      before.hidden = false;
      slider.addEventListener("input", uncover);
      uncover();
    };
    const leaveOut = () => { // a file is gone from the store, or the framing rule has changed since
      before.remove();
      line.remove();
      slider.closest("label").remove();
      figure.querySelector(".beside").hidden = false;
    };
    if (before.complete) (before.naturalWidth ? show : leaveOut)();
    else {
      before.addEventListener("load", show);
      before.addEventListener("error", leaveOut);
    }
  };

  for (const figure of document.querySelectorAll("[data-compare]")) start(figure);
})();
