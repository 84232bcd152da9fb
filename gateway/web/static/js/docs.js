// The OpenAPI document as a page: made from /openapi.json alone, offline.
import { fieldsOf, typeOf } from "./docs-schema.js";
import { make, setText } from "./dom.js";

class ApiDocs extends HTMLElement {
  async connectedCallback() {
    const main = make("main", { id: "content", tabindex: "-1" }, make("p", { class: "quiet", role: "status" }, "Loading the document…"));
    this.replaceChildren(main);
    try {
      const answer = await fetch("/openapi.json", { credentials: "omit" });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      this.#show(await answer.json());
    } catch (error) {
      main.replaceChildren(make("p", { class: "error", role: "alert" }, `The document cannot be shown: ${error.message}`));
    }
  }

  #show(api) {
    const all = Object.entries(api.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
    const ofTag = (tag) => all.filter(({ operation }) => operation.tags.includes(tag));
    const schemas = Object.entries(api.components.schemas);
    this.replaceChildren(
      make("nav", { "aria-label": "Routes" }, api.tags.map(({ name }) => [make("h2", {}, name), make("ul", {}, ofTag(name).map(({ path, method, operation }) =>
        make("li", {}, make("a", { href: `#${operation.operationId}` }, badge(method), path))))]),
        make("h2", {}, "schemas"), make("ul", {}, schemas.map(([name]) => make("li", {}, make("a", { href: `#schema-${name}` }, name))))),
      make("main", { id: "content", tabindex: "-1" },
        make("section", { class: "intro" }, make("h1", {}, `${api.info.title} ${api.info.version}`), api.info.description.split("\n\n").map((text) => make("p", {}, coded(text)))),
        api.tags.map(({ name, description }) => make("section", {}, make("h2", {}, `${name}: ${description}`), ofTag(name).map(operationOf))),
        make("section", {}, make("h2", {}, "Schemas"), schemas.map(([name, schema]) => make("details", { class: "schema", id: `schema-${name}` }, make("summary", {}, make("span", { class: "path" }, name)),
          make("div", { class: "body" }, schema.description && make("p", {}, schema.description), fieldsOf(schema) ?? make("p", { class: "type" }, typeOf(schema))))))));
    addEventListener("hashchange", () => this.#open());
    this.#open();
  }

  /** What the address points at is opened, and seen. */
  #open() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) {
      target.open = true;
      target.scrollIntoView();
    }
  }
}

const badge = (method) => make("span", { class: `method ${method}` }, method.toUpperCase());

/** Text in which `this` is code. */
const coded = (text) => text.split("`").map((part, at) => (at % 2 ? make("code", {}, part) : part));

function operationOf({ path, method, operation }) {
  const body = operation.requestBody?.content["application/json"].schema;
  return make("details", { class: "operation", id: operation.operationId },
    make("summary", {}, badge(method), make("span", { class: "path" }, path), make("span", { class: "quiet" }, operation.summary)),
    make("div", { class: "body" }, operation.description && make("p", {}, coded(operation.description)), credentials(operation), curl(path, method, operation),
      operation.parameters && [make("h4", {}, "Parameters"), parameters(operation.parameters)],
      body && [make("h4", {}, `Body${operation.requestBody.required ? "" : ", may be absent"}`), make("p", {}, typeOf(body))],
      make("h4", {}, "Answers"), answers(operation.responses)));
}

function credentials({ security }) {
  return make("p", { class: "quiet" }, security.length ? `Credential: ${security.flatMap(Object.keys).join(", or ")}.` : "No credential is needed.");
}

function parameters(list) {
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Parameters" }, make("table", {},
    make("thead", {}, make("tr", {}, ["Name", "In", "Value", "Meaning"].map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, list.map((one) => make("tr", {}, make("th", { scope: "row" }, make("code", {}, one.name), one.required ? "*" : ""), make("td", {}, one.in), make("td", { class: "type" }, typeOf(one.schema)), make("td", {}, one.description ?? ""))))));
}

function answers(responses) {
  return make("ul", { class: "fields" }, Object.entries(responses).map(([status, answer]) => make("li", {}, make("span", { class: "status" }, status), ` ${answer.description} `,
    Object.entries(answer.content ?? {}).map(([type, { schema }]) => make("span", { class: "type" }, ` ${type}: `, typeOf(schema), ";")))));
}

function curl(path, method, operation) {
  const parts = ["curl -s"];
  if (operation.security.length) parts.push('-H "AuthToken: $TOKEN"');
  if (method !== "get") parts.push(`-X ${method.toUpperCase()}`);
  if (operation.operationId === "login") parts.push(`-d '{"username":"USER","password":"PASSWORD"}'`);
  else if (operation.requestBody) parts.push("-d '{}'");
  const line = `${parts.join(" ")} '${location.origin}${path}'`;
  const button = make("button", { type: "button", onclick: async () => { setText(button, (await copied(line)) ? "Copied" : "Select and copy"); } }, "Copy");
  return make("div", { class: "curl" }, make("pre", {}, line), button);
}

/** The clipboard is there on HTTPS and on localhost alone. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

customElements.define("api-docs", ApiDocs);
