// The way in: a name and a password, or a token that was made for this screen.
import { make, setText } from "./dom.js";

export class LoginForm extends HTMLElement {
  #error = make("p", { class: "error", role: "alert" });

  /** `tv`: offer to keep the credential on this screen. */
  setup(api, session, tv, why) {
    this.api = api;
    this.session = session;
    this.keep = make("input", { type: "checkbox", id: "keep" });
    const form = make("form", { class: "login", "aria-labelledby": "login-title", onsubmit: (event) => this.#submit(event) },
      make("h1", { id: "login-title" }, "Backups"),
      make("p", { class: "quiet" }, "What became of the backups of all your systems."),
      why && make("p", { class: "notice", role: "status" }, why),
      field("username", "User", "text", "username"), field("password", "Password", "password", "current-password"),
      make("details", {}, make("summary", {}, "Use a token instead"), field("token", "Token", "password", "off"),
        make("p", { class: "quiet" }, "A static token that may only read: it does not expire. Made with ", make("code", {}, "backup-gateway token new"), ".")),
      tv && make("label", { class: "check" }, this.keep, "Keep on this screen"),
      this.#error, make("button", { type: "submit", class: "primary" }, "Log in"));
    this.replaceChildren(make("main", { id: "content", class: "login-page" }, form));
    this.form = form;
    form.querySelector("#username").focus();
  }

  async #submit(event) {
    event.preventDefault();
    const button = this.form.querySelector("button");
    if (button.disabled) return;
    button.disabled = true;
    setText(this.#error, "");
    try {
      const token = await this.#token();
      this.session.begin(token, this.keep.checked);
    } catch (error) {
      setText(this.#error, words(error));
    } finally {
      button.disabled = false;
    }
  }

  async #token() {
    const value = (name) => this.form.querySelector(`#${name}`).value;
    const token = value("token").trim();
    if (token) {
      await this.api.check(token);
      return token;
    }
    if (!value("username") || !value("password")) throw new Error("Enter a user and a password, or a token.");
    return (await this.api.login(value("username"), value("password"))).auth_token;
  }
}

function field(name, label, type, autocomplete) {
  return make("div", { class: "field" }, make("label", { for: name }, label),
    make("input", { id: name, type, autocomplete, autocapitalize: "none", spellcheck: "false" }));
}

function words(error) {
  if (error.status === 401) return "That is not right, or not valid any more. Nothing else is told, on purpose.";
  if (error.status === 429) return `Too many attempts: ${error.message}.`;
  return error.message;
}

customElements.define("login-form", LoginForm);
