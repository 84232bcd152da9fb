// JSON Schema as nested lists.
import { make } from "./dom.js";

const DEEPEST = 4;

/** What a value may be, in a few words and links. */
export function typeOf(schema) {
  if (!schema || !Object.keys(schema).length) return ["anything"];
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return [make("a", { href: `#schema-${name}` }, name)];
  }
  if (schema.const !== undefined) return [JSON.stringify(schema.const)];
  if (schema.enum) return [schema.enum.map((value) => JSON.stringify(value)).join(" | ")];
  for (const [key, word] of [["anyOf", " or "], ["oneOf", " or "], ["allOf", " and "]]) {
    if (schema[key]) return schema[key].flatMap((one, at) => [...(at ? [word] : []), ...typeOf(one)]);
  }
  if (schema.type === "array") return ["list of ", ...typeOf(schema.items)];
  return [[schema.type ?? "anything"].flat().join(" or "), limits(schema)];
}

function limits({ minimum, maximum, exclusiveMinimum, minLength, maxLength, pattern, format }) {
  const told = [];
  if (minimum !== undefined) told.push(`≥ ${minimum}`);
  if (exclusiveMinimum !== undefined) told.push(`> ${exclusiveMinimum}`);
  if (maximum !== undefined && maximum < 2 ** 53) told.push(`≤ ${maximum}`);
  if (minLength !== undefined) told.push(`at least ${minLength} characters`);
  if (maxLength !== undefined) told.push(`at most ${maxLength} characters`);
  if (pattern) told.push(pattern);
  if (format) told.push(format);
  return told.length ? ` (${told.join(", ")})` : "";
}

/** The keys of an object, each with its own below it; null where there are none to show. */
export function fieldsOf(schema, depth = 0) {
  const inner = schema?.type === "array" ? schema.items : schema;
  if (!inner?.properties || depth > DEEPEST) return null;
  const required = new Set(inner.required ?? []);
  return make("ul", { class: "fields" }, Object.entries(inner.properties).map(([name, value]) => make("li", {},
    make("code", {}, name), required.has(name) ? make("b", { title: "always there" }, "*") : null, " ", make("span", { class: "type" }, typeOf(value)),
    value.description ? ` – ${value.description}` : "", fieldsOf(value, depth + 1))));
}
