// Marks the step of the lineage whose details are open; htmx brings the details.
"use strict";
for (const graph of document.querySelectorAll(".graph")) graph.scrollLeft = graph.scrollWidth; // the asset is at the right
document.addEventListener("click", (event) => {
  const node = event.target.closest("a.node");
  if (!node) return;
  for (const other of document.querySelectorAll(".node-open")) other.classList.remove("node-open");
  node.classList.add("node-open");
});
