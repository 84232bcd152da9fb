// The figures at a glance; each one is a filter.
import { make, setText } from "./dom.js";
import { count } from "./format.js";
import { sign } from "./states.js";

const TILES = [
  ["failing", "bad", "failing", "The newest result is a failure"],
  ["overdue", "warn", "no good backup", "Longer than its time without a good backup"],
  ["never", "none", "no result", "Never reported a good backup"],
  ["not_copied", "info", "not copied", "The copy off site failed or waits too long"],
  ["not_verified", "info", "not verified", "Verification failed or never ran"],
  ["on_hold", "hold", "on hold", "Has backups on legal hold"],
  ["good", "good", "good", "A good backup in time"],
];

export class TileRow extends HTMLElement {
  #tiles = new Map();

  setup(address) {
    const list = make("ul", { class: "tiles", "aria-label": "Assets by state; each is a filter" });
    for (const [name, kind, word, title] of TILES) {
      const number = make("b", {}, "–");
      const more = make("small");
      const button = make("button", { type: "button", class: `tile ${kind}`, title, "aria-pressed": "false",
        onclick: () => address.set({ show: address.show === name ? "" : name }) },
        make("span", { class: "figure" }, sign(kind), number), make("span", { class: "word" }, word), more);
      this.#tiles.set(name, { button, number, more });
      list.append(make("li", {}, button));
    }
    this.replaceChildren(list);
  }

  show(sums, filters) {
    for (const [name, { button, number, more }] of this.#tiles) {
      setText(number, count(sums[name]));
      button.setAttribute("aria-pressed", String(filters.show === name));
      button.classList.toggle("zero", !sums[name]);
      if (name === "failing") setText(more, sums.critical ? `${count(sums.critical)} in a streak` : "");
      if (name === "good") setText(more, sums.total ? `of ${count(sums.total)}` : "");
    }
  }
}

customElements.define("tile-row", TileRow);
