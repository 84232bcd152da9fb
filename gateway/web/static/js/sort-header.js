// A header that sorts its table (APG sortable table).
import { make } from "./dom.js";

/** A <th> with a button; `first` is the direction of its first press. */
export function sortHeader(address, name, label, first = "asc", kind = "") {
  const button = make("button", { type: "button", onclick: () => press(address, name, first) }, label, make("span", { class: "arrow", "aria-hidden": "true" }));
  return make("th", { scope: "col", role: "columnheader", "data-sort": name, class: kind }, button);
}

function press(address, name, first) {
  const now = address.sort === name ? address.dir || "asc" : null;
  const second = first === "asc" ? "desc" : "asc";
  if (now === null) address.set({ sort: name, dir: first });
  else if (now === first) address.set({ sort: name, dir: second });
  else address.set({ sort: "", dir: "" });
}

/** Tell on the headers how the table is sorted. */
export function showSort(table, address) {
  for (const header of table.querySelectorAll("th[data-sort]")) {
    const isSorted = header.dataset.sort === address.sort;
    if (isSorted) header.setAttribute("aria-sort", address.dir === "desc" ? "descending" : "ascending");
    else header.removeAttribute("aria-sort");
  }
}
