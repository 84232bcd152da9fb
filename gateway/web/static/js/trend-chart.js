// Backups per day by outcome, as stacked bars and as a table.
import { csvOf, save } from "./csv.js";
import { make, setText } from "./dom.js";
import { count, dayName } from "./format.js";
import { badge, OUTCOMES } from "./states.js";

const NAMES = ["success", "warning", "failure", "none"];
const COLOURS = { success: "#009E73", warning: "#E69F00", failure: "#D55E00", none: "#8A8F98" };
const HEIGHT = 190;

export class TrendChart extends HTMLElement {
  #plot = null;
  #days = [];
  #told = "";

  connectedCallback() {
    if (this.box) return;
    this.box = make("div", { class: "plot", role: "img" });
    this.hint = make("p", { class: "quiet hint", "aria-hidden": "true" }, "\u00a0");
    this.body = make("tbody");
    const table = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Backups per day" }, make("table", {}, make("caption", { class: "hidden" }, "Backups per day by outcome, newest first"),
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Day"), NAMES.map((name) => make("th", { scope: "col", class: "n" }, OUTCOMES[name][1])))), this.body));
    this.replaceChildren(make("section", { "aria-labelledby": "trend-title" }, make("div", { class: "head" },
      make("h2", { id: "trend-title" }, "Per day"), make("button", { type: "button", onclick: () => save("days", csvOf(["day", ...NAMES], this.#days)) }, "CSV", make("span", { class: "hidden" }, " of the days"))),
      make("p", { class: "legend" }, NAMES.map((name) => badge(OUTCOMES[name]))), this.box, this.hint,
      make("details", {}, make("summary", {}, "View as table"), table)));
    new ResizeObserver(() => this.#plot?.setSize({ width: this.box.clientWidth, height: HEIGHT })).observe(this.box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#redraw());
  }

  show(days) {
    const told = JSON.stringify(days);
    if (told === this.#told) return;
    this.#told = told;
    this.#days = days;
    this.hidden = !days.length;
    const sum = (name) => days.reduce((total, day) => total + day[name], 0);
    this.box.setAttribute("aria-label", `Backups of ${days.length} days: ${NAMES.map((name) => `${count(sum(name))} ${OUTCOMES[name][1]}`).join(", ")}. The table below has each day.`);
    this.body.replaceChildren(...[...days].reverse().map((day) => make("tr", {}, make("th", { scope: "row" }, dayName(day.day, 0)), NAMES.map((name) => make("td", { class: "n" }, count(day[name]))))));
    this.#redraw();
  }

  #redraw() {
    if (!this.#days.length || !this.box.clientWidth) return;
    const data = stacked(this.#days);
    if (this.#plot && this.#plot.series.length === data.length && this.#scheme === scheme()) {
      this.#plot.setData(data);
      return;
    }
    this.#plot?.destroy();
    this.#scheme = scheme();
    this.#plot = new uPlot(this.#options(), data, this.box);
  }

  #scheme = "";

  #options() {
    const style = getComputedStyle(this);
    const text = style.getPropertyValue("--quiet"), grid = style.getPropertyValue("--line");
    const bars = uPlot.paths.bars({ size: [0.72, 40], radius: 0.06 });
    const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: "12px system-ui" };
    return {
      width: this.box.clientWidth, height: HEIGHT, legend: { show: false }, padding: [8, 8, 0, 0],
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: { x: { time: false, range: () => [-0.6, this.#days.length - 0.4] }, y: { range: (_, __, top) => [0, Math.max(1, top * 1.05)] } },
      axes: [{ ...axis, grid: { show: false }, values: (_, ticks) => ticks.map((at) => this.#label(at)) }, { ...axis, size: 44, values: (_, ticks) => ticks.map((value) => (Number.isInteger(value) ? count(value) : "")) }],
      series: [{}, ...[...NAMES].reverse().map((name) => ({ fill: COLOURS[name], stroke: COLOURS[name], width: 0, paths: bars, points: { show: false } }))],
      hooks: { setCursor: [(plot) => setText(this.hint, this.#hint(plot.cursor.idx))] },
    };
  }

  #label(at) {
    const day = Number.isInteger(at) ? this.#days[at] : null;
    return day ? dayName(day.day, 0).replace(/^\w+,? /, "") : "";
  }

  #hint(at) {
    const day = this.#days[at];
    return day ? `${dayName(day.day, 0)}: ${NAMES.map((name) => `${count(day[name])} ${OUTCOMES[name][1]}`).join(", ")}` : "\u00a0";
  }
}

const scheme = () => matchMedia("(prefers-color-scheme: dark)").matches;

/** The tallest first, since each bar is painted over the one before it. */
function stacked(days) {
  const columns = NAMES.map((_, top) => days.map((day) => NAMES.slice(0, top + 1).reduce((sum, name) => sum + day[name], 0)));
  return [days.map((_, at) => at), ...columns.reverse()];
}

customElements.define("trend-chart", TrendChart);
