// Marks the step of the lineage whose details are open; htmx brings the details.
"use strict";
const graph = document.querySelector(".graph");
const hint = document.querySelector("[data-scrolls]");
if (graph) {
  graph.scrollLeft = graph.scrollWidth; // the asset is at the right
  const tell = () => { hint.hidden = graph.scrollWidth <= graph.clientWidth; };
  new ResizeObserver(tell).observe(graph);
}
document.addEventListener("click", (event) => {
  const node = event.target.closest("a.node");
  if (!node) return;
  for (const other of document.querySelectorAll(".node-open")) other.classList.remove("node-open");
  node.classList.add("node-open");
});
