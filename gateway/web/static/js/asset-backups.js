// The backups of one asset, as far back as the gateway looks, asked when somebody opens it. All texts are the appliance's own.
import { save } from "./csv.js";
import { make } from "./dom.js";
import { plural, size } from "./format.js";
import { badge, OUTCOMES } from "./states.js";
import { local } from "./time-text.js";
import { DAY_HOURS } from "./window.js";

const FIRST = 30;
const FIELDS = ["start_epoch", "start_date_time", "status", "type", "duration", "size", "output", "complete", "client_name", "instance_id",
  "vm_name", "database_name", "asset_name", "instance_name", "replication_status", "verify_status", "legalhold"];

export class AssetBackups extends HTMLElement {
  /** `block`: what is known of its system. */
  async setup(api, asset, block) {
    this.asset = asset;
    this.zone = block.timezone;
    this.days = block.days.success.length; // farther back than the list that the page is made of would be another call
    const question = { system_id: asset.system_id, start_hours: this.days * DAY_HOURS, order_by: "start_epoch", order_direction: "desc" };
    if (asset.client_id !== null) question.client_id = asset.client_id;
    if (asset.instance_id !== null) question.instance_id = asset.instance_id;
    this.replaceChildren(make("p", { class: "quiet", role: "status" }, "Asking for its backups…"));
    try {
      const answer = await api.backups({ ...question, fields: FIELDS });
      this.#show(answer.backups.filter((row) => isOf(row, asset)), answer.systems[0], () => this.#save(api, question));
    } catch (error) {
      this.replaceChildren(make("p", { class: "error", role: "alert" }, `Its backups cannot be shown: ${error.message}`));
    }
  }

  #show(rows, system, onCsv) {
    const worth = system?.error ? `${system.error.message}; this is what was known before` : "";
    const body = make("tbody", {}, rows.slice(0, FIRST).map((row) => this.#row(row)));
    const more = rows.length > FIRST && make("button", { type: "button", onclick: () => { body.append(...rows.slice(FIRST).map((row) => this.#row(row))); more.remove(); } }, `All ${rows.length}`);
    const parts = [make("div", { class: "head" }, make("h3", {}, `${plural(rows.length, "row")} of ${this.asset.asset} in ${plural(this.days, "day")}`),
      make("button", { type: "button", onclick: onCsv }, "CSV", make("span", { class: "hidden" }, ` of the backups of ${this.asset.asset}`))),
      worth && make("p", { class: "notice" }, worth),
      rows.length ? make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Backups of ${this.asset.asset}` },
        make("table", { class: "backups" }, make("caption", { class: "hidden" }, `Backups, copies and restores of ${this.asset.asset}, newest first`),
          make("thead", {}, make("tr", {}, ["Started", "Status", "Type", "Duration", "Size", "Output"].map((text) => make("th", { scope: "col", class: text === "Size" && "n" }, text)))), body))
        : make("p", { class: "nothing" }, "The appliance lists none."), more];
    this.replaceChildren(...parts.filter(Boolean));
  }

  #row(row) {
    return make("tr", {}, make("td", {}, row.start_epoch === null ? row.start_date_time ?? "–" : local(new Date(row.start_epoch * 1000).toISOString(), this.zone)),
      make("td", {}, badge(outcome(row))), make("td", {}, text(row.type)), make("td", {}, text(row.duration)), make("td", { class: "n" }, size(row.size)),
      make("td", {}, output(row.output)));
  }

  async #save(api, question) {
    save(`backups-${this.asset.asset.replace(/[^\w.-]+/g, "_")}`, await api.table(question));
  }
}

/** Where an asset has no instance its rows are told apart by their names, in the order in which the gateway takes them. */
function isOf(row, asset) {
  if (asset.instance_id !== null) return true;
  const client = typeof row.client_name === "string" ? row.client_name : "";
  const own = [row.database_name, row.vm_name, row.asset_name, row.instance_name].find((name) => typeof name === "string" && name && name !== "file-level");
  return (row.instance_id ?? null) === null && client === asset.client_name && (own ?? client) === asset.asset;
}

function outcome(row) {
  const known = OUTCOMES[String(row.status ?? "none").toLowerCase()];
  if ((!known || known === OUTCOMES.none) && row.complete === false) return OUTCOMES.running;
  return known ?? OUTCOMES.none;
}

const text = (value) => (value === null || value === undefined ? "–" : String(value));

function output(value) {
  const said = typeof value === "string" ? value.replace(/<br\s*\/?>/gi, "\n").trim() : "";
  return said && said.toLowerCase() !== "n/a" ? make("pre", { class: "output" }, said) : "–";
}

customElements.define("asset-backups", AssetBackups);
